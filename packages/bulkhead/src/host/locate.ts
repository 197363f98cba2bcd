import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { packedManifest } from "./installed/manifest.js";
import { installedPrograms } from "./installed.js";

/**
 * The warden's path: BULKHEAD_WARDEN, or that of this build.
 * @throws BulkheadError SETUP_MISSING, PLATFORM_UNSUPPORTED, INSTALLATION_ALTERED, INSTALLATION_UNTRUSTED
 */
export function wardenPath(): string {
  return programPath("warden", "BULKHEAD_WARDEN");
}

/** As {@link wardenPath}, for the unpacker of layers: BULKHEAD_UNPACK. */
export function unpackerPath(): string {
  return programPath("bulkhead-unpack", "BULKHEAD_UNPACK");
}

/** As {@link wardenPath}, for the observer of `learn`: BULKHEAD_OBSERVE. */
export function observerPath(): string {
  return programPath("bulkhead-observe", "BULKHEAD_OBSERVE");
}

/** The program that attempts escapes, for use inside. */
export function probePath(): string {
  return process.env["BULKHEAD_PROBE"] ?? join(programsRoot(), "bin", "bulkhead-probe");
}

/** As {@link wardenPath}, for the program that measures the attack surface: BULKHEAD_SURFACE. */
export function surfacePath(): string {
  return programPath("bulkhead-surface", "BULKHEAD_SURFACE");
}

/**
 * The script of a kind of helper process, from BULKHEAD_HELPERS or the package's own directory.
 * @throws BulkheadError SETUP_MISSING
 */
export function helperScriptPath(kind: string): string {
  const named = process.env["BULKHEAD_HELPERS"];
  const path = join(named || join(packageDirectory(), "dist", "helpers"), `${kind}.cjs`);
  if (existsSync(path)) return path;
  const moved = "set BULKHEAD_PACKAGE to the package's directory where the code was bundled elsewhere";
  throw new BulkheadError("SETUP_MISSING", { operation: "open", path, detail: moved });
}

/**
 * Directory of the built-in root file system. The code that mounts it finds out whether it exists. Throws as
 * {@link wardenPath} does.
 */
export function baseRootPath(): string {
  const installed = installedPrograms(packageDirectory());
  return installed === undefined ? join(packageDirectory(), "assets", "base") : join(installed, "base");
}

/**
 * What a process of this installation runs or mounts when the environment overrides nothing: the bundles with the
 * scripts of helpers, the warden, and the built-in root.
 * @throws BulkheadError SETUP_MISSING, PLATFORM_UNSUPPORTED, INSTALLATION_ALTERED, INSTALLATION_UNTRUSTED
 */
export function installationPaths(): InstallationPaths {
  const programs = programsRoot();
  return {
    bundles: join(packageDirectory(), "dist"),
    warden: join(programs, "bin", "warden"),
    baseRoot: baseRootPath(),
  };
}

/** Absolute paths. */
export interface InstallationPaths {
  readonly bundles: string;
  readonly warden: string;
  readonly baseRoot: string;
}

/** Directory of our own seccomp profiles: the warden's source in a checkout, else beside the bundle. */
export function profilesPath(): string {
  // Above an installed package there may be any folder of that name.
  if (packedManifest() !== undefined) return join(packageDirectory(), "dist", "profiles");
  const ofCheckout = join(packageDirectory(), "..", "..", "warden", "plan", "profiles");
  return existsSync(ofCheckout) ? ofCheckout : join(packageDirectory(), "dist", "profiles");
}

/** The directory that holds `bin/`: of the checkout's build, or of this user's copy of an installed package's. */
function programsRoot(): string {
  return installedPrograms(packageDirectory()) ?? packageDirectory();
}

function programPath(name: string, override: string): string {
  const named = process.env[override];
  const path = named ?? join(programsRoot(), "bin", name);
  if (existsSync(path)) return path;
  // A bundler moved the code but left the programs where they were.
  const moved = `set BULKHEAD_PACKAGE to the package's directory, or ${override} to the program, where the code was bundled elsewhere`;
  throw new BulkheadError("SETUP_MISSING", {
    operation: "open",
    path,
    ...(named === undefined ? { detail: moved } : {}),
  });
}

/**
 * Directory of the installed package: above `dist/` if bundled, further up in the sources. BULKHEAD_PACKAGE names it if
 * the code was moved. It is never searched for: its content is executed, maybe by root, and another user may own a
 * parent directory.
 */
export function packageDirectory(): string {
  const named = process.env["BULKHEAD_PACKAGE"];
  if (named !== undefined && named !== "") return named;
  // A bundle in another module format may not know its own location.
  const here: string | undefined = import.meta.dirname;
  let directory = here ?? process.cwd();
  while (!existsSync(join(directory, "package.json")) && dirname(directory) !== directory) {
    directory = dirname(directory);
  }
  return directory;
}
