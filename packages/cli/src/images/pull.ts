import { images } from "bulkhead/images";
import { defined } from "../defined.js";
import { unlessInterrupted } from "../interrupted.js";
import { finish, print } from "../output/write.js";
import type { ImagesFlags } from "./flags.js";
import { registryOptions } from "./flags.js";
import { progressOn } from "./progress.js";

/** Pulls images one after the other; the first failure ends it. Prints `NAME@DIGEST`, or progress as JSON lines. */
export async function pullImages(names: readonly string[], flags: ImagesFlags): Promise<void> {
  const json = flags.json === true;
  const progress = progressOn(json ? process.stdout : process.stderr, json);
  await unlessInterrupted(async (signal) => {
    try {
      for (const name of names) {
        const pulled = await images.pull(name, {
          registry: registryOptions(flags),
          onEvent: progress.onEvent,
          signal,
          ...(flags.verifyKey === undefined ? {} : { verify: [{ match: "*", key: [...flags.verifyKey] }] }),
          ...defined({ broker: flags.broker }),
        });
        if (!json) await print(process.stdout, `${pulled.name}@${pulled.digest}\n`);
      }
    } finally {
      progress.stop();
    }
  });
  await finish(0);
}
