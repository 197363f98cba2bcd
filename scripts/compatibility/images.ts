import { createHash } from "node:crypto";
import { images } from "bulkhead/images";
import type { Group } from "./program.js";

/**
 * The image that holds all programs of a group; made when this machine has none with just these packages. Returns its
 * name.
 */
export async function ensureImages(group: Group, say: (line: string) => void): Promise<string> {
  const packages = [...new Set(group.programs.flatMap((program) => program.packages))].sort();
  const digest = createHash("sha256").update(packages.join(",")).digest("hex").slice(0, 12);
  const name = `localhost/compatibility-${group.name}:${digest}`;
  const { images: present } = await images.list();
  if (present.some((image) => image.name === name)) return name;
  say(`building ${name} of ${packages.length} packages; this takes minutes`);
  await images.build(name, { packages });
  return name;
}
