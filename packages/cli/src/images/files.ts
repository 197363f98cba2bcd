import { images } from "bulkhead/images";
import { defined } from "../defined.js";
import { finish, jsonLine, print } from "../output/write.js";
import type { ImagesFlags } from "./flags.js";

/** Imports an image from files. */
export async function importImage(source: string, name: string, flags: ImagesFlags): Promise<void> {
  const { digest } = await images.import(source, name, defined({ broker: flags.broker }));
  await print(process.stdout, flags.json === true ? jsonLine({ name, digest }) : `${name}@${digest}\n`);
  await finish(0);
}

/** Writes an image to a directory. Prints nothing unless requested. */
export async function exportImage(name: string, target: string, flags: ImagesFlags): Promise<void> {
  await images.export(name, target);
  if (flags.json === true) await print(process.stdout, jsonLine({ name, target }));
  await finish(0);
}
