import { realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * `path` without links, as far as it exists now. What a service mounts is decided when its file is read: a component
 * that writes to a directory could put a link there, and its next start would follow it.
 */
export async function withoutLinks(path: string): Promise<string> {
  const missing: string[] = [];
  for (let at = path; at !== dirname(at); at = dirname(at)) {
    const found = await realpath(at).catch(() => undefined);
    if (found !== undefined) return join(found, ...missing);
    missing.unshift(basename(at));
  }
  return path;
}
