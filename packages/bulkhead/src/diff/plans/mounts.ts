import type { Mount } from "../../plan/schema.js";
import { written } from "./quantity.js";

/** Mounts that were added, removed or changed; `fields` describes the changes of one mount. */
export function mountChanges(
  before: readonly Mount[],
  after: readonly Mount[],
  fields: (before: Mount, after: Mount) => readonly string[],
): readonly string[] {
  const then = keyed(before);
  const now = keyed(after);
  const changes = [
    ...[...then].flatMap(([key, mount]) => (now.has(key) ? [] : [`- ${describe(mount)}`])),
    ...[...now].flatMap(([key, mount]) => (then.has(key) ? [] : [`+ ${describe(mount)}`])),
    ...[...then].flatMap(([key, mount]) => {
      const other = now.get(key);
      if (other === undefined || JSON.stringify(other) === JSON.stringify(mount)) return [];
      return [`~ ${placeOf(mount)}: ${fields(mount, other).join(", ")}`];
    }),
  ];
  return changes.length === 0 ? ["the same, in another order"] : changes;
}

/** Two mounts of the same kind may be at the same path, one over the other. */
function keyed(mounts: readonly Mount[]): ReadonlyMap<string, Mount> {
  const all = new Map<string, Mount>();
  for (const mount of mounts) {
    let key = placeOf(mount);
    while (all.has(key)) key += " again";
    all.set(key, mount);
  }
  return all;
}

function placeOf(mount: Mount): string {
  return `${mount.kind} ${mount.at}`;
}

function describe(mount: Mount): string {
  switch (mount.kind) {
    case "bind":
      return `${mount.at} from ${mount.source} (${mount.readOnly ? "read-only" : "writable"}${mount.exec ? "" : ", nothing executable"})`;
    case "tmpfs":
      return `${mount.at}, empty, in memory (${written("sizeBytes", mount.sizeBytes)}${mount.exec ? "" : ", nothing executable"})`;
    case "symlink":
      return `link ${mount.at} to ${mount.target}`;
    case "device":
      return `device ${mount.path} at ${mount.at}`;
    default:
      return placeOf(mount);
  }
}
