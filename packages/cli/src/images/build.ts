import { printable } from "bulkhead";
import { images } from "bulkhead/images";
import { defined } from "../defined.js";
import { unlessInterrupted } from "../interrupted.js";
import { finish, jsonLine, print } from "../output/write.js";
import type { BuildFlags } from "./flags.js";

/** Builds an image, with progress on stderr; prints `NAME@DIGEST`. */
export async function buildImage(given: string | undefined, flags: BuildFlags): Promise<void> {
  const name = given ?? (flags.packages === undefined ? "localhost/base" : "localhost/debian");
  await unlessInterrupted(async (signal) => {
    const { digest } = await images.build(name, {
      ...(flags.packages === undefined ? {} : { packages: flags.packages.split(",").filter((word) => word !== "") }),
      ...defined({ suite: flags.suite, mirror: flags.mirror, broker: flags.broker }),
      signal,
      onStep: (text) => process.stderr.write(`${printable(text)}\n`),
    });
    await print(process.stdout, flags.json === true ? jsonLine({ name, digest }) : `${name}@${digest}\n`);
  });
  await finish(0);
}
