import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** What a registry that only serves files has, by path. */
export type Files = Readonly<Record<string, string | Buffer>>;

/** Writes `files` below a directory of their own, runs a program there, and gives the file that it makes. */
export function packed(files: Readonly<Record<string, string>>, argv: readonly string[], result: string): Buffer {
  const directory = mkdtempSync(join(tmpdir(), "bulkhead-registry-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(directory, dirname(path)), { recursive: true });
      writeFileSync(join(directory, path), text);
    }
    const [program = "", ...rest] = argv;
    execFileSync(program, rest, { cwd: directory, stdio: "ignore" });
    return readFileSync(join(directory, result));
  } finally {
    rmSync(directory, { recursive: true });
  }
}
