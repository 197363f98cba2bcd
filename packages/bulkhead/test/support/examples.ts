import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const target = process.env["CARGO_TARGET_DIR"] ?? fileURLToPath(new URL("../../../../warden/target", import.meta.url));
const triple = process.arch === "arm64" ? "aarch64-unknown-linux-gnu" : "x86_64-unknown-linux-gnu";

/**
 * An example program of the warden's crates, as `cargo test` and `cargo build --examples` leave it; undefined if it is
 * not built.
 */
export function examplePath(name: string): string | undefined {
  return [`${target}/${triple}/debug/examples/${name}`, `${target}/debug/examples/${name}`].find((path) =>
    existsSync(path),
  );
}
