import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { chown, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { TemporaryDirectory } from "../../support/temporary.js";
import { execute, type Surroundings } from "./execute.js";

/** Of the tests alone: ed25519 signatures are the same each time, as are the packages. */
const PRIVATE_KEY = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" });

export const root = fileURLToPath(new URL("../../../", import.meta.url));

/**
 * The packages as `npm run pack` makes them. With this checkout's programs, because those of a release take a minute to
 * build, unless BULKHEAD_TEST_RELEASE is set.
 */
export class Packages implements AsyncDisposable {
  private constructor(
    readonly directory: TemporaryDirectory,
    /** Of the key that signed the release. */
    readonly publicKey: string,
    /** Absolute paths: the library first. */
    readonly archives: readonly string[],
  ) {}

  static async make(): Promise<Packages> {
    const directory = await TemporaryDirectory.create("packages", 0o755);
    const key = directory.join("key.pem");
    const publicKey = directory.join("public.pem");
    await writeFile(key, PRIVATE_KEY, { mode: 0o600 });
    await writeFile(publicKey, createPublicKey(PRIVATE_KEY).export({ type: "spki", format: "pem" }));
    const made = await pack(directory.path, { BULKHEAD_RELEASE_KEY: key });
    if (made.code !== 0) throw new Error(made.output);
    const names = readdirSync(directory.path)
      .filter((name) => name.endsWith(".tgz"))
      .sort();
    return new Packages(
      directory,
      publicKey,
      names.map((name) => directory.join(name)),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.directory[Symbol.asyncDispose]();
  }
}

function pack(out: string, env: NodeJS.ProcessEnv) {
  const release = (process.env["BULKHEAD_TEST_RELEASE"] ?? "") !== "";
  const programs = release ? [] : ["--programs", join(root, "packages/bulkhead/bin")];
  return execute("node", ["--import", "tsx", "scripts/pack/main.ts", "--out", out, ...programs], root, { env });
}

/**
 * An empty directory with the packages installed by npm, from files alone: packages of the checkout stand in for those
 * of a registry.
 */
export async function installed(
  purpose: string,
  { archives }: Packages,
  how: Surroundings & { readonly flags?: readonly string[] } = {},
): Promise<TemporaryDirectory> {
  const project = await TemporaryDirectory.create(purpose, 0o755);
  const flags = ["--offline", "--no-audit", "--no-fund", "--install-links", ...(how.flags ?? [])];
  const home = { HOME: project.path, npm_config_cache: project.join(".npm") };
  await writeFile(project.join("package.json"), JSON.stringify({ name: "empty", private: true, type: "module" }));
  if (how.uid !== undefined) await giveTo(how.uid, project.path, project.join("package.json"));
  const args = ["install", ...flags, ...archives, ...standIns()];
  const ended = await execute("npm", args, project.path, { ...how, env: { ...how.env, ...home } });
  if (ended.code !== 0) throw new Error(ended.output);
  return project;
}

async function giveTo(uid: number, ...paths: readonly string[]): Promise<void> {
  for (const path of paths) await chown(path, uid, uid);
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dependencies?: Readonly<Record<string, string>> }>>;
}

/** Whatever has to be installed beside the packages, as directories of the checkout. */
export function standIns(): readonly string[] {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as Lock;
  const found = new Set(["@sigstore/verify", "@types/node", "zod"]);
  for (const name of found) {
    for (const deeper of Object.keys(packages[`node_modules/${name}`]?.dependencies ?? {})) found.add(deeper);
  }
  return [...found].map((name) => join(root, "node_modules", name));
}
