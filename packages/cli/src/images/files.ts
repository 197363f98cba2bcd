import { images } from "bulkhead";
import { finish, jsonLine, print } from "../output/write.js";
import type { ImagesFlags } from "./flags.js";

/** Takes an image in files in. */
export async function importImage(source: string, name: string, flags: ImagesFlags): Promise<void> {
  const { digest } = await images.import(source, name, flags.broker === undefined ? {} : { broker: flags.broker });
  await print(process.stdout, flags.json === true ? jsonLine({ name, digest }) : `${name}@${digest}\n`);
  await finish(0);
}

/** Writes an image to a directory. Prints nothing unless it is asked to: it is there. */
export async function exportImage(name: string, target: string, flags: ImagesFlags): Promise<void> {
  await images.export(name, target);
  if (flags.json === true) await print(process.stdout, jsonLine({ name, target }));
  await finish(0);
}
