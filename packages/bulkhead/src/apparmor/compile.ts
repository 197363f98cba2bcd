import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { BulkheadError } from "../errors/bulkhead-error.js";

const PARSERS = ["/usr/sbin/apparmor_parser", "/sbin/apparmor_parser"] as const;
/**
 * The kernel's rule types. Without such a file the parser silently leaves out rules that the running kernel does not
 * know.
 */
const FEATURES = "/usr/share/apparmor-features/features";
/** The largest profile that a guest accepts. */
const LARGEST = 512 * 1024;

/**
 * Compiles a profile to the kernel's format with the distribution's parser. Loads nothing.
 * @throws BulkheadError APPARMOR_PARSER_MISSING, APPARMOR_FAILED
 */
export async function compileProfile(text: string): Promise<Buffer> {
  const parser = PARSERS.find((path) => existsSync(path));
  for (const path of [parser ?? PARSERS[0], FEATURES]) {
    if (!existsSync(path)) throw new BulkheadError("APPARMOR_PARSER_MISSING", { operation: "open", path });
  }
  const argv = [
    "--config-file",
    "/dev/null",
    "--features-file",
    FEATURES,
    "--skip-kernel-load",
    "--skip-cache",
    "--stdout",
  ];
  return await new Promise((resolve, reject) => {
    const options = { encoding: "buffer", maxBuffer: LARGEST, timeout: 60_000, env: {} } as const;
    const child = execFile(parser ?? PARSERS[0], argv, options, (error, stdout, stderr) => {
      if (error === null && stdout.length > 0) return resolve(stdout);
      const detail = stderr.toString().slice(0, 300);
      reject(new BulkheadError("APPARMOR_FAILED", { operation: "compile profile", detail, cause: error }));
    });
    child.stdin?.end(text);
  });
}
