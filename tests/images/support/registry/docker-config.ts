import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Writes Docker's `config.json` into a directory. */
export async function writeDockerConfig(directory: string, config: unknown): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "config.json"), typeof config === "string" ? config : JSON.stringify(config));
}

/** An entry of `auths`. */
export function auth(username: string, password: string): { readonly auth: string } {
  return { auth: Buffer.from(`${username}:${password}`).toString("base64") };
}

/** Writes a credential helper: a shell script named `docker-credential-NAME`. */
export async function writeHelper(directory: string, name: string, script: string): Promise<void> {
  const path = join(directory, `docker-credential-${name}`);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
}
