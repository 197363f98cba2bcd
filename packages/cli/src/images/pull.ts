import { images } from "bulkhead";
import type { ImagesFlags } from "../commands/images.js";
import { exitCodeOfSignal } from "../exit-codes.js";
import { finish, print } from "../output/write.js";
import { registryOptions } from "./flags.js";
import { progressOn } from "./progress.js";

/** Pulls images one after the other; the first that fails ends it. Prints `NAME@DIGEST`, or what goes on as JSON lines. */
export async function pullImages(names: readonly string[], flags: ImagesFlags): Promise<void> {
  const json = flags.json === true;
  const progress = progressOn(json ? process.stdout : process.stderr, json);
  const abort = new AbortController();
  let interrupted: NodeJS.Signals | undefined;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      interrupted = signal;
      abort.abort();
    });
  }
  try {
    for (const name of names) {
      const pulled = await images.pull(name, {
        registry: registryOptions(flags),
        onEvent: progress.onEvent,
        signal: abort.signal,
        ...(flags.verifyKey === undefined ? {} : { verify: [{ match: "*", key: [...flags.verifyKey] }] }),
        ...(flags.broker === undefined ? {} : { broker: flags.broker }),
      });
      if (!json) await print(process.stdout, `${pulled.name}@${pulled.digest}\n`);
    }
  } catch (error) {
    progress.stop();
    if (interrupted !== undefined) await finish(exitCodeOfSignal(interrupted));
    throw error;
  }
  progress.stop();
  await finish(0);
}
