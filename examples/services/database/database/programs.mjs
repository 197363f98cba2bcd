// PostgreSQL's programs, where Debian has them: below the version's own directory.
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const VERSIONS = "/usr/lib/postgresql";

/** The newest version that has a server. */
export function programs() {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS) : [];
  const newest = versions
    .filter((version) => existsSync(join(VERSIONS, version, "bin/postgres")))
    .sort((one, other) => Number(other) - Number(one))[0];
  if (newest === undefined) throw new Error(`no PostgreSQL in ${VERSIONS}`);
  return (name) => join(VERSIONS, newest, "bin", name);
}

/** Runs a program to its end, with this input. Rejects if it fails. */
export function run(program, argv, { input = "", env = {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, argv, { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, ...env } });
    let output = "";
    child.stdout.on("data", (piece) => {
      output += piece;
    });
    child.stdin.on("error", () => undefined);
    child.on("error", reject);
    child.on("close", (code, signal) =>
      code === 0 ? resolve(output) : reject(new Error(`${program} ended with ${code ?? signal}`)),
    );
    child.stdin.end(input);
  });
}
