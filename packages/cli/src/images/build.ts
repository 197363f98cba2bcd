import { images, printable } from "bulkhead";
import type { BuildFlags } from "../commands/images.js";
import { exitCodeOfSignal } from "../exit-codes.js";
import { finish, jsonLine, print } from "../output/write.js";

/** Makes an image, telling on stderr how far it is; prints `NAME@DIGEST`. */
export async function buildImage(given: string | undefined, flags: BuildFlags): Promise<void> {
  const name = given ?? (flags.packages === undefined ? "localhost/base" : "localhost/debian");
  const abort = new AbortController();
  let interrupted: NodeJS.Signals | undefined;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      interrupted = signal;
      abort.abort();
    });
  }
  try {
    const { digest } = await images.build(name, {
      ...(flags.packages === undefined ? {} : { packages: flags.packages.split(",").filter((word) => word !== "") }),
      ...(flags.suite === undefined ? {} : { suite: flags.suite }),
      ...(flags.mirror === undefined ? {} : { mirror: flags.mirror }),
      ...(flags.broker === undefined ? {} : { broker: flags.broker }),
      signal: abort.signal,
      onStep: (text) => process.stderr.write(`${printable(text)}\n`),
    });
    await print(process.stdout, flags.json === true ? jsonLine({ name, digest }) : `${name}@${digest}\n`);
  } catch (error) {
    if (interrupted !== undefined) await finish(exitCodeOfSignal(interrupted));
    throw error;
  }
  await finish(0);
}
