import { homedir } from "node:os";
import { join } from "node:path";
import * as z from "zod/mini";
import { BulkheadError } from "../../../errors/bulkhead-error.js";
import { readBounded } from "../../files/bounded.js";
import { DOCKER_HUB } from "../../reference/name.js";

/** Credentials of a user. */
export type Credentials =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  /** A refresh token, for a token server only. */
  | { readonly kind: "identity"; readonly token: string };

/** Docker's `config.json`, as far as it concerns registries. */
export interface DockerConfig {
  readonly path: string;
  readonly auths: Readonly<Record<string, z.output<typeof entrySchema>>>;
  readonly credHelpers: Readonly<Record<string, string>>;
  readonly credsStore: string | undefined;
}

const entrySchema = z.object({
  auth: z.optional(z.string()),
  username: z.optional(z.string()),
  password: z.optional(z.string()),
  identitytoken: z.optional(z.string()),
});
/** The rest of a program's name: never a path. */
const helper = z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/));
const configSchema = z.object({
  auths: z.nullish(z.record(z.string(), entrySchema)),
  credHelpers: z.nullish(z.record(z.string(), helper)),
  credsStore: z.nullish(z.union([z.literal(""), helper])),
});

const LARGEST = 1024 * 1024;

/**
 * Reads Docker's `config.json`; without one there are no credentials. An unreadable one is an error, not an empty one.
 * Throws REGISTRY_CREDENTIALS, which never quotes the file.
 */
export async function readDockerConfig(directory: string | undefined): Promise<DockerConfig> {
  const path = join(directory ?? process.env["DOCKER_CONFIG"] ?? join(homedir(), ".docker"), "config.json");
  const text = await readBounded(path, LARGEST).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return "{}";
    throw credentialsError("read", path, error.code ?? "too large");
  });
  let parsed: ReturnType<typeof configSchema.safeParse>;
  try {
    parsed = configSchema.safeParse(JSON.parse(text));
  } catch {
    throw credentialsError("parse", path, "not JSON");
  }
  if (!parsed.success)
    throw credentialsError("parse", path, String(parsed.error.issues[0]?.path[0] ?? "not an object"));
  const { auths, credHelpers, credsStore } = parsed.data;
  return { path, auths: auths ?? {}, credHelpers: credHelpers ?? {}, credsStore: credsStore || undefined };
}

/**
 * The keys under which tools store a registry: its name, with or without protocol and path; Docker Hub's own old one.
 */
export function keysFor(registry: string): readonly string[] {
  const names = registry === DOCKER_HUB ? ["index.docker.io", DOCKER_HUB, "registry-1.docker.io"] : [registry];
  return names.flatMap((name) => [
    `https://${name}/v1/`,
    name,
    `https://${name}`,
    `https://${name}/`,
    `http://${name}`,
  ]);
}

/** The credentials in the file itself. Throws REGISTRY_CREDENTIALS. */
export function storedCredentials(config: DockerConfig, registry: string): Credentials | undefined {
  const key = keysFor(registry).find((each) => Object.hasOwn(config.auths, each));
  const entry = key === undefined ? undefined : config.auths[key];
  if (entry === undefined) return undefined;
  if (entry.identitytoken !== undefined && entry.identitytoken !== "") {
    return { kind: "identity", token: entry.identitytoken };
  }
  const { username, password } = entry.auth === undefined || entry.auth === "" ? entry : decode(entry.auth);
  // `docker login` leaves an empty entry if a helper keeps the credentials.
  if (username === undefined || username === "" || password === undefined) {
    if (entry.auth === undefined || entry.auth === "") return undefined;
    throw credentialsError("read", config.path, "auth");
  }
  return { kind: "password", username, password };
}

/** `base64(user:password)`; a password may contain colons. Docker pads some with NUL. */
function decode(auth: string): { readonly username?: string; readonly password?: string } {
  const text = Buffer.from(auth, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 1 ? {} : { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, "") };
}

/** `detail` is the name of a field, program or error, never a value. */
export function credentialsError(operation: string, path: string, detail: string): BulkheadError {
  return new BulkheadError("REGISTRY_CREDENTIALS", { operation, path, detail });
}
