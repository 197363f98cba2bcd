import { existsSync, realpathSync } from "node:fs";
import { programPaths } from "../../host/programs.js";

/** Possible paths of `runsc`, best first. Resolved, because links are not mounted. */
export function candidates(): readonly string[] {
  const places = programPaths("runsc");
  return [...new Set(places.map((place) => (existsSync(place) ? realpathSync(place) : place)))];
}
