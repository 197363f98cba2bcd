import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join, normalize } from "node:path";

/** A repository with one file, in the way of git's that needs only a web server for files. */
export function gitRepository(): { readonly listener: RequestListener; readonly remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), "bulkhead-git-"));
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
  return {
    listener: (request, response) => {
      const path = join(directory, normalize(new URL(request.url ?? "/", "http://x").pathname));
      const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() === true;
      if (isFile) response.end(readFileSync(path));
      else response.writeHead(404).end();
    },
    remove: () => rmSync(directory, { recursive: true }),
  };
}
