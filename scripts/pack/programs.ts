import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { root } from "../bundles.mjs";
import { ownPlatform, type Platform, programs } from "./platforms.js";
import { outputOf } from "./run.js";

/**
 * Builds a platform's programs and returns their directory. The bytes depend on the sources, the lock file and the
 * compiler, and not on where the folders are: paths that end up in messages of failed assertions are replaced.
 */
export function buildPrograms(platform: Platform): string {
  return buildCrates(
    platform,
    programs.map(([crate]) => crate),
  );
}

/** As {@link buildPrograms}, for any crates. */
export function buildCrates({ target }: Platform, names: readonly string[]): string {
  const sysroot = compilerRoot();
  if (!compilerHas(target)) {
    throw new Error(`rustc has no ${target}: run \`rustup target add ${target}\` once with a network`);
  }
  const warden = join(root, "warden");
  const built = join(process.env["CARGO_TARGET_DIR"] ?? join(warden, "target"));
  const cargoHome = process.env["CARGO_HOME"] ?? join(homedir(), ".cargo");
  const flags = [
    "-Ctarget-feature=+crt-static",
    // The last one that matches wins.
    `--remap-path-prefix=${cargoHome}=/cargo`,
    `--remap-path-prefix=${sysroot}=/rust`,
    `--remap-path-prefix=${warden}=/warden`,
    `--remap-path-prefix=${built}=/target`,
  ];
  const crates = names.flatMap((crate) => ["-p", crate]);
  const env = { CARGO_ENCODED_RUSTFLAGS: flags.join("\u001f"), SOURCE_DATE_EPOCH: "0", ...linkerFor(target) };
  const offline = (process.env["BULKHEAD_OFFLINE"] ?? "") === "" ? [] : ["--offline"];
  outputOf("cargo", ["build", "--release", "--locked", "--quiet", ...offline, "--target", target, ...crates], {
    cwd: warden,
    env,
  });
  return join(built, target, "release");
}

/** Whether the compiler has a standard library for this target. */
export function compilerHas(target: string): boolean {
  return existsSync(join(compilerRoot(), "lib/rustlib", target));
}

/**
 * cargo's variable for the linker of another architecture: rustc's own. It needs no C toolchain for that architecture,
 * since the target brings its musl.
 */
export function linkerFor(target: string): NodeJS.ProcessEnv {
  if (target === ownPlatform().target) return {};
  return { [`CARGO_TARGET_${target.toUpperCase().replaceAll("-", "_")}_LINKER`]: "rust-lld" };
}

function compilerRoot(): string {
  return outputOf("rustc", ["--print", "sysroot"]).trim();
}
