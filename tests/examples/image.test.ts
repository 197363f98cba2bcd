/**
 * The container image, under runc with Docker's capabilities and masks. Run by hand with BULKHEAD_TEST_IMAGE=1: it
 * downloads packages of Debian.
 */

import { readdirSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lackOfRunc, runOuterContainer } from "../support/outer-container.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { execute } from "./support/execute.js";
import { root } from "./support/packages.js";

const USER = 1000;
const lack = (process.env["BULKHEAD_TEST_IMAGE"] ?? "") === "" ? "BULKHEAD_TEST_IMAGE=1 runs it" : lackOfRunc;
const saying = lack === "" ? "" : ` (skipped: ${lack})`;

interface Descriptor {
  readonly digest: string;
}

describe.skipIf(lack !== "")(`the container image${saying}`, () => {
  let directory: TemporaryDirectory;

  const blob = (digest: string) => directory.join("image/blobs/sha256", digest.slice("sha256:".length));
  const read = (path: string) => JSON.parse(readFileSync(path, "utf8")) as unknown;

  async function make(to: string): Promise<void> {
    const programs = join(root, "packages/bulkhead/bin");
    const args = ["--import", "tsx", "scripts/image/main.ts", "--out", to, "--programs", programs];
    const made = await execute("node", args, root);
    expect(made.code, made.output).toBe(0);
  }

  beforeAll(async () => {
    directory = await TemporaryDirectory.create("image", 0o755);
    await make(directory.join("image"));
    const { manifests } = read(directory.join("image/index.json")) as { manifests: readonly Descriptor[] };
    const { layers } = read(blob(manifests[0]?.digest ?? "")) as { layers: readonly Descriptor[] };
    await mkdir(directory.join("root"));
    for (const { digest } of layers) await execute("tar", ["-xzf", blob(digest), "-C", directory.join("root")], "/");
  }, 600_000);
  afterAll(() => directory?.[Symbol.asyncDispose]());

  const inside = (args: readonly string[], masked: boolean) =>
    runOuterContainer({
      args: ["/usr/bin/bulkhead", ...args],
      masked,
      root: directory.join("root"),
      writable: ["/tmp"],
      env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/home/bulkhead"],
      uid: USER,
    });

  it("says at once what it needs under Docker's defaults", async () => {
    const doctor = await inside(["doctor"], true);
    expect(doctor.output).toMatch(/container +no +needs a \/proc of its own for each sandbox/);
    expect(doctor.output).toContain("systempaths=unconfined");
    const run = await inside(["run", "--", "id", "-u"], true);
    expect(run).toEqual({ code: 125, output: expect.stringMatching(/covers \/proc\/[\s\S]*systempaths=unconfined/) });
  });

  it("works with exactly these options, as a user without a capability", async () => {
    for (const level of ["container", "chroot"]) {
      const ended = await inside(["run", "--level", level, "--require", "seccomp,network", "--", "id", "-u"], false);
      expect(ended).toEqual({ code: 0, output: "1000\n" });
    }
  });

  it("is the same image from a second build, and has no log of the first", async () => {
    await make(directory.join("second"));
    const names = (of: string) => readdirSync(directory.join(of, "blobs/sha256")).sort();
    expect(names("second")).toEqual(names("image"));
    expect(readdirSync(directory.join("root/var/log"))).toEqual([]);
  });
});
