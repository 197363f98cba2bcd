import { writeFile } from "node:fs/promises";
import { Service, type ServiceSpec } from "bulkhead/services";
import { finish, jsonLine, print } from "../output/write.js";
import type { GraphFlags } from "./flags.js";
import { drawingOf } from "./graph/svg.js";
import { textOf } from "./graph/text.js";

export async function showGraph({ file, svg, json }: GraphFlags): Promise<void> {
  const { spec } = await Service.load(file);
  if (svg !== undefined) await writeFile(svg, drawingOf(spec));
  if (json === true) await print(process.stdout, jsonLine(plain(spec)));
  else if (svg === undefined) await print(process.stdout, textOf(spec));
  await finish(0);
}

function plain({ name, components, channels }: ServiceSpec) {
  return {
    name,
    components: components.map(({ name: own, level, listen }) => ({ name: own, level, listen })),
    channels,
  };
}
