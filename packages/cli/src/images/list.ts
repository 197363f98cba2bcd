import { type ImageList, images } from "bulkhead/images";
import { type Style, styleFor } from "../output/style.js";
import { type Cell, table } from "../output/table.js";
import { finish, jsonLine, print } from "../output/write.js";
import type { ImagesFlags } from "./flags.js";
import { humanAge, humanBytes } from "./size.js";

/** Prints the content of the store. */
export async function showImages(flags: ImagesFlags): Promise<void> {
  const list = await images.list();
  await print(
    process.stdout,
    flags.json === true ? jsonLine(list) : `${renderImages(list, styleFor(process.stdout))}\n`,
  );
  await finish(0);
}

/** Prints one image as JSON, on several lines without `--json`, for people. */
export async function showImage(name: string, flags: ImagesFlags): Promise<void> {
  await print(process.stdout, jsonLine(await images.inspect(name), flags.json === true ? undefined : 2));
  await finish(0);
}

export function renderImages(
  { images: all, usage, quotaBytes, unnamedTrees }: ImageList,
  style: Style,
  now?: number,
): string {
  const titles = ["NAME", "DIGEST", "LAYERS", "SIZE", "UNPACKED", "PULLED", ""];
  const header = titles.map((text): Cell => ({ text, paint: style.strong }));
  const rows = all.map((image): readonly Cell[] => [
    { text: image.name },
    { text: image.digest.slice(7, 19), paint: style.dim },
    { text: String(image.layers) },
    { text: humanBytes(image.blobBytes) },
    { text: image.treeBytes === null ? "-" : humanBytes(image.treeBytes) },
    { text: humanAge(image.pulledAt, now) },
    { text: image.inUse ? "in use" : "" },
  ]);
  const { blobBytes, treeBytes, erofsBytes, brokenBytes } = usage;
  const total = humanBytes(blobBytes + treeBytes + erofsBytes + brokenBytes);
  const parts = [`${humanBytes(blobBytes)} of layers`, `${humanBytes(treeBytes)} unpacked`];
  if (erofsBytes > 0) parts.push(`${humanBytes(erofsBytes)} for virtual machines`);
  if (brokenBytes > 0) parts.push(`${humanBytes(brokenBytes)} of broken downloads`);
  if (unnamedTrees > 0) parts.push(`${unnamedTrees} unpacked without a name`);
  return `${table([header, ...rows])}\n\n${total} on disk${quotaBytes === null ? "" : ` of ${humanBytes(quotaBytes)}`}: ${parts.join(", ")}`;
}
