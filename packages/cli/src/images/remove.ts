import { type Collected, images } from "bulkhead/images";
import { finish, jsonLine, print } from "../output/write.js";
import type { ImagesFlags } from "./flags.js";
import { humanBytes } from "./size.js";

/** Removes names, and prints what that freed. */
export async function removeImages(names: readonly string[], flags: ImagesFlags): Promise<void> {
  await show(await images.remove(names), flags);
}

/** Removes data without a name. */
export async function pruneImages(flags: ImagesFlags): Promise<void> {
  await show(await images.prune({ all: flags.all === true }), flags);
}

async function show(collected: Collected, { json }: ImagesFlags): Promise<void> {
  await print(process.stdout, json === true ? jsonLine(collected) : `${describe(collected)}\n`);
  await finish(0);
}

export function describe({ freedBytes, trees, erofs, blobs, treesInUse, pulling }: Collected): string {
  const kept = [
    treesInUse > 0 ? `${treesInUse} unpacked in use: \`bulkhead images prune\` removes it later` : undefined,
    pulling ? "kept layers, because a pull is in progress" : undefined,
  ].filter((line) => line !== undefined);
  const machines = erofs > 0 ? `, ${erofs} for virtual machines` : "";
  return [`freed ${humanBytes(freedBytes)}: ${trees} unpacked${machines}, ${blobs} blobs`, ...kept].join("\n");
}
