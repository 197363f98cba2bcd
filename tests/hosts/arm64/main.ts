/**
 * The Rust tests, the short conformance and security suites, and files of the levels suite, in an emulated arm64
 * machine: `node --import tsx tests/hosts/arm64/main.ts [rust] [smoke] [tests/levels/FILE…]`. Run by hand: minutes.
 *
 * Needs root, mke2fs, qemu-system-aarch64 (Debian: qemu-system-arm), an archive of Debian, and rustc with
 * aarch64-unknown-linux-musl.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { arm64Root } from "./root.js";
import { runGuest } from "./run.js";
import { stage } from "./stage.js";

const wanted = process.argv.slice(2);
const work = await mkdtemp(join(tmpdir(), "bulkhead-arm64-"));
try {
  const root = await arm64Root();
  const disk = await stage(work, wanted.length === 0 ? ["rust", "smoke"] : wanted, root);
  process.exitCode = await runGuest(root, disk);
} finally {
  await rm(work, { recursive: true, force: true });
}
