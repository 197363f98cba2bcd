import { isMountable } from "../../policy/paths.js";
import type { Volume } from "../input-types.js";
import type { LayeredRoot } from "./layered.js";

/**
 * An image's content at its VOLUMEs. Follows the image's links within it, as Docker does. Leaves out one that leads to
 * something other than a directory, or to one of the kernel's paths, and names it in a note.
 */
export function volumesIn(
  view: LayeredRoot,
  paths: readonly string[],
): { readonly volumes: readonly Volume[]; readonly notes: readonly string[] } {
  const notes: string[] = [];
  const volumes = new Map<string, Volume>();
  for (const path of paths) {
    const at = view.real(path);
    const layers = at === undefined ? undefined : view.directoriesAt(at);
    if (at === undefined || layers === undefined || !isMountable(at)) {
      notes.push(`config.Volumes: left out ${JSON.stringify(path.slice(0, 64))}, which is no directory in the image`);
      continue;
    }
    const holdsSomething = view.kindAt(at) === "full";
    volumes.set(at, { at, layers: holdsSomething ? layers : null, isMissing: layers.length === 0 });
  }
  return { volumes: [...volumes.values()], notes };
}
