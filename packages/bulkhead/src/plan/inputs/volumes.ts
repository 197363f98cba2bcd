import { isMountable } from "../../policy/paths.js";
import type { Volume } from "../input-types.js";
import type { LayeredRoot } from "./layered.js";

/**
 * What an image has at its VOLUMEs. Links of the image are followed within it, as Docker does. One that leads to what is no directory, or to a place of the
 * kernel's, is left out, and a note names it.
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
