import { resolve } from "node:path";
import { suggest } from "../arguments/suggest.js";
import type { Problem } from "./problems.js";
import type { RootChoice } from "./resolved.js";
import type { CheckedPolicy } from "./schema.js";

const IMAGE_KINDS = ["oci:", "docker-archive:"] as const;

/** The root that `root` and `image` together choose; a problem if they contradict each other. */
export function chooseRoot(policy: CheckedPolicy, directory: string): RootChoice | Problem {
  if (policy.root !== undefined && policy.image !== undefined) {
    return { path: ["image"], message: "cannot be given together with root" };
  }
  // Anything that is not a file is a name, which the code for registries parses.
  if (policy.image !== undefined) return image(policy.image, directory) ?? { kind: "image", source: policy.image };
  const root = policy.root ?? "base";
  if (root === "base" || root === "host") return { kind: root };
  const found = image(root, directory);
  if (found !== undefined) return found;
  // Only text that looks like a path is one: a mistyped `bsae` must not become a directory of that name.
  if (/^(\/|\.\.?(\/|$))/.test(root)) return { kind: "directory", path: resolve(directory, root) };
  const meant = suggest(root, ["base", "host"]);
  return {
    path: ["root"],
    message: `must be base, host, a directory (./NAME or /NAME), oci:PATH[:TAG] or docker-archive:FILE${meant === undefined ? "" : ` (did you mean ${meant}?)`}`,
  };
}

function image(source: string, directory: string): RootChoice | undefined {
  const kind = IMAGE_KINDS.find((prefix) => source.startsWith(prefix));
  if (kind === undefined) return undefined;
  return { kind: "image", source: `${kind}${resolve(directory, source.slice(kind.length))}` };
}
