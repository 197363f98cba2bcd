import { resolve } from "node:path";

type Fields = Readonly<Record<string, unknown>>;

/**
 * Makes the host paths of an unvalidated policy absolute. Values that are not paths, or have a wrong type, stay as they
 * are.
 */
export function withAbsolutePaths(policy: unknown, directory: string): unknown {
  if (!isFields(policy)) return policy;
  const rewritten: Record<string, unknown> = { ...policy };
  for (const field of ["root", "image"]) {
    const value = policy[field];
    if (typeof value === "string") rewritten[field] = absoluteRoot(value, directory);
  }
  const files = policy["files"];
  if (Array.isArray(files)) rewritten["files"] = files.map((entry: unknown) => absoluteFile(entry, directory));
  const images = policy["images"];
  if (isFields(images) && Array.isArray(images["verify"])) {
    rewritten["images"] = { ...images, verify: images["verify"].map((rule: unknown) => absoluteRule(rule, directory)) };
  }
  const syscalls = policy["syscalls"];
  if (isFields(syscalls)) rewritten["syscalls"] = absolutePath(syscalls, "profile", directory);
  const { secrets } = policy;
  if (isFields(secrets)) {
    rewritten["secrets"] = Object.fromEntries(
      Object.entries(secrets).map(([name, secret]) => [name, absoluteSecret(secret, directory)]),
    );
  }
  return rewritten;
}

/** The policy with its paths resolved now: it may be needed again after this process has changed its directory. */
export function withPathsOfNow(policy: object): Readonly<Record<string, unknown>> {
  return withAbsolutePaths(structuredClone(policy), process.cwd()) as Readonly<Record<string, unknown>>;
}

function absoluteRule(rule: unknown, directory: string): unknown {
  if (!isFields(rule)) return rule;
  const { key, keyless } = rule;
  const absolute = (path: unknown) => (typeof path === "string" && path !== "" ? resolve(directory, path) : path);
  if (key !== undefined) return { ...rule, key: Array.isArray(key) ? key.map(absolute) : absolute(key) };
  if (!isFields(keyless)) return rule;
  return { ...rule, keyless: { ...keyless, trustedRoot: absolute(keyless["trustedRoot"]) } };
}

function absoluteRoot(root: string, directory: string): string {
  const image = /^(oci:|docker-archive:)(.+)$/.exec(root);
  if (image !== null) return `${image[1]}${resolve(directory, image[2] ?? "")}`;
  return /^\.\.?(\/|$)/.test(root) ? resolve(directory, root) : root;
}

function absoluteFile(entry: unknown, directory: string): unknown {
  return isFields(entry) ? absolutePath(entry, "host", directory) : entry;
}

function absolutePath(fields: Fields, name: string, directory: string): Fields {
  const path = fields[name];
  return typeof path !== "string" || path === "" ? fields : { ...fields, [name]: resolve(directory, path) };
}

function absoluteSecret(secret: unknown, directory: string): unknown {
  if (!isFields(secret) || typeof secret["file"] !== "string" || secret["file"] === "") return secret;
  return { ...secret, file: resolve(directory, secret["file"]) };
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
