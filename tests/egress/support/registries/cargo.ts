import { createHash } from "node:crypto";
import { type Files, packed } from "./files.js";

/** A sparse registry with one crate, as cargo's documentation has it. */
export function cargoRegistry(base: string): Files {
  const root = "bulkheadprobe-1.0.0";
  const manifest = '[package]\nname = "bulkheadprobe"\nversion = "1.0.0"\nedition = "2021"\n';
  const crate = packed(
    { [`${root}/Cargo.toml`]: manifest, [`${root}/src/lib.rs`]: 'pub const SAID: &str = "fetched";\n' },
    ["tar", "-czf", "probe.crate", root],
    "probe.crate",
  );
  const cksum = createHash("sha256").update(crate).digest("hex");
  const line = { name: "bulkheadprobe", vers: "1.0.0", deps: [], cksum, features: {}, yanked: false };
  return {
    "/cargo/config.json": JSON.stringify({ dl: `${base}/cargo/{crate}-{version}.crate` }),
    "/cargo/bu/lk/bulkheadprobe": `${JSON.stringify(line)}\n`,
    "/cargo/bulkheadprobe-1.0.0.crate": crate,
  };
}
