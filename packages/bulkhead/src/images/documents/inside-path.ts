import { posix } from "node:path";
import { isMountable, isNormalPath, isWithin, withoutTrailingSlash } from "../../policy/paths.js";
import { invalid } from "./invalid.js";
import { quoted, shortened } from "./notes.js";

const MOST_VOLUMES = 64;
const CONTROL = /[\u0000-\u001f\u007f]/;

/**
 * A directory that an image names, as Docker reads it: from `/`, without `.`, `..`, doubled or trailing slashes. Throws
 * IMAGE_INVALID for one that is worse than untidy: a control character, a length that no kernel accepts, or a path in
 * /proc, whose links lead out of the root (CVE-2024-21626 was a working directory of /proc/self/fd/7).
 */
export function insidePath(value: string, field: string): string {
  const path = tidied(value, field);
  if (isWithin(path, "/proc")) throw refused(field, `${quoted(path)} is in /proc`);
  return path;
}

/** VOLUMEs, sorted. Those in the kernel's own trees are left out, and `notes` names them. Throws IMAGE_INVALID. */
export function volumesOf(values: readonly string[], notes: string[]): readonly string[] {
  const field = "config.Volumes";
  if (values.length > MOST_VOLUMES) throw refused(field, `more than ${MOST_VOLUMES}`);
  const paths = values.map((value) => tidied(value, field));
  // As in Docker: it would cover the whole root.
  if (paths.includes("/")) throw refused(field, "/ cannot be a volume");
  const left = paths.filter((path) => !isMountable(path));
  notes.push(...shortened(left, (path) => `${field}: left out ${quoted(path)}, a place of the kernel's`));
  return [...new Set(paths.filter(isMountable))].sort();
}

function tidied(value: string, field: string): string {
  if (CONTROL.test(value)) throw refused(field, "a control character");
  const path = withoutTrailingSlash(posix.join("/", value));
  if (!isNormalPath(path)) throw refused(field, "longer than 4096 bytes, or a name in it longer than 255");
  return path;
}

function refused(field: string, why: string) {
  return invalid("read image configuration", `${field}: ${why}`);
}
