import { writeFile } from "node:fs/promises";
import { Service } from "bulkhead/services";
import { finish, print } from "../output/write.js";
import type { GraphFlags } from "./flags.js";
import { drawingOf } from "./graph/svg.js";
import { textOf } from "./graph/text.js";

export async function showGraph({ file, svg }: GraphFlags): Promise<void> {
  const { spec } = await Service.load(file);
  if (svg === undefined) await print(process.stdout, textOf(spec));
  else await writeFile(svg, drawingOf(spec));
  await finish(0);
}
