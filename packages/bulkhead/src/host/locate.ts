import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { BulkheadError } from "../errors/bulkhead-error.js";

/** The warden's path: that of BULKHEAD_WARDEN, or the package's own. @throws BulkheadError SETUP_MISSING */
export function wardenPath(): string {
  return programPath("warden", "BULKHEAD_WARDEN");
}

/** As {@link wardenPath}, of what unpacks layers: BULKHEAD_UNPACK. @throws BulkheadError SETUP_MISSING */
export function unpackerPath(): string {
  return programPath("bulkhead-unpack", "BULKHEAD_UNPACK");
}

/** As {@link wardenPath}, of what `learn` looks with: BULKHEAD_OBSERVE. @throws BulkheadError SETUP_MISSING */
export function observerPath(): string {
  return programPath("bulkhead-observe", "BULKHEAD_OBSERVE");
}

/** The program that makes attempts, for use inside. */
export function probePath(): string {
  return process.env["BULKHEAD_PROBE"] ?? join(packageDirectory(), "bin", "bulkhead-probe");
}

/** As {@link wardenPath}, of what measures what can be reached: BULKHEAD_SURFACE. @throws BulkheadError SETUP_MISSING */
export function surfacePath(): string {
  return programPath("bulkhead-surface", "BULKHEAD_SURFACE");
}

/** The script of one kind of helper process, in the directory that BULKHEAD_HELPERS names or the package's own. @throws BulkheadError SETUP_MISSING */
export function helperScriptPath(kind: string): string {
  const named = process.env["BULKHEAD_HELPERS"];
  const path = join(named || join(packageDirectory(), "dist", "helpers"), `${kind}.cjs`);
  if (existsSync(path)) return path;
  const moved = "set BULKHEAD_PACKAGE to the package's directory where the code was bundled elsewhere";
  throw new BulkheadError("SETUP_MISSING", { operation: "open", path, detail: moved });
}

/** The directory of the built-in root file system. Whether it is there is found out by who mounts it. */
export function baseRootPath(): string {
  return join(packageDirectory(), "assets", "base");
}

/** The directory of our own seccomp profiles: where the warden is built from, in a checkout; else beside the bundle. */
export function profilesPath(): string {
  const ofCheckout = join(packageDirectory(), "..", "..", "warden", "plan", "profiles");
  return existsSync(ofCheckout) ? ofCheckout : join(packageDirectory(), "dist", "profiles");
}

function programPath(name: string, override: string): string {
  const named = process.env[override];
  const path = named ?? join(packageDirectory(), "bin", name);
  if (existsSync(path)) return path;
  // A bundle that took the code along has left the programs where they were.
  const moved = `set BULKHEAD_PACKAGE to the package's directory, or ${override} to the program, where the code was bundled elsewhere`;
  throw new BulkheadError("SETUP_MISSING", {
    operation: "open",
    path,
    ...(named === undefined ? { detail: moved } : {}),
  });
}

/**
 * Where the package is installed: above `dist/` when bundled, further up among the sources. BULKHEAD_PACKAGE says it where the code was moved. It is
 * never looked for: what is there is executed, maybe by root, and directories above may be anybody's.
 */
function packageDirectory(): string {
  const named = process.env["BULKHEAD_PACKAGE"];
  if (named !== undefined && named !== "") return named;
  // A bundle of another format may not know where it is.
  const here: string | undefined = import.meta.dirname;
  let directory = here ?? process.cwd();
  while (!existsSync(join(directory, "package.json")) && dirname(directory) !== directory) {
    directory = dirname(directory);
  }
  return directory;
}
