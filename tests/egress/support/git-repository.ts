import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Files } from "./registries/files.js";

/**
 * A repository with one file, in the way of git's that needs only a web server for files: those, below
 * `/repository.git`.
 */
export function gitRepository(): Files {
  const directory = mkdtempSync(join(tmpdir(), "bulkhead-git-"));
  try {
    const git = (...args: readonly string[]) =>
      execFileSync("git", ["-c", "user.name=tests", "-c", "user.email=tests@example.org", ...args], {
        cwd: directory,
        stdio: "ignore",
      });
    git("init", "-q", "work");
    writeFileSync(join(directory, "work", "README"), "cloned through the gate\n");
    git("-C", "work", "add", "README");
    git("-C", "work", "commit", "-q", "-m", "one");
    git("clone", "-q", "--bare", "work", "repository.git");
    git("-C", "repository.git", "update-server-info");
    const found = readdirSync(join(directory, "repository.git"), { recursive: true, withFileTypes: true });
    const paths = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    return Object.fromEntries(paths.map((path) => [path.slice(directory.length), readFileSync(path)]));
  } finally {
    rmSync(directory, { recursive: true });
  }
}
