import { execFileSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type Level, type Policy, run } from "bulkhead";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openImage } from "../../packages/bulkhead/src/images/open.js";
import { forEachLevel } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { fingerprint } from "./support/canary.js";
import { LayoutWriter } from "./support/layout.js";
import { tar } from "./support/tar.js";

const base = fileURLToPath(new URL("../../packages/bulkhead/assets/base", import.meta.url));
const rootLayer = execFileSync("tar", ["-C", base, "--sort=name", "-c", "."], { maxBuffer: 64 << 20 });
const lower = tar(
  { name: "data/", type: "5", uid: 33, gid: 33 },
  { name: "data/lower", data: "lower\n", uid: 33, gid: 33 },
  { name: "data/gone", data: "gone\n" },
  { name: "data/aufs", data: "gone\n" },
  { name: "empty/", type: "5" },
  { name: "file", data: "x" },
  { name: "var/", type: "5" },
  { name: "var/run", type: "2", link: "../run" },
  { name: "run/", type: "5" },
  { name: "run/tool/", type: "5", mode: 0o777 },
  { name: "run/tool/old", data: "old\n" },
  { name: "loop", type: "2", link: "loop" },
  { name: "kernel", type: "2", link: "/proc" },
  { name: "top", type: "2", link: "../.." },
);
const upper = tar(
  { name: "data/upper", data: "upper\n", uid: 33, gid: 33 },
  { name: "data/.wh.gone" },
  { name: "data/.wh.aufs", type: "1", link: ".wh..wh.aufs" },
);

let directory: TemporaryDirectory;
let count = 0;
beforeAll(async () => {
  directory = await TemporaryDirectory.create("volumes");
  process.env["BULKHEAD_STORE"] = directory.join("store");
});
afterAll(async () => {
  delete process.env["BULKHEAD_STORE"];
  await directory[Symbol.asyncDispose]();
});

async function imageWith(volumes: readonly string[], config: object = {}): Promise<string> {
  count += 1;
  const layout = await LayoutWriter.create(directory.join(`image-${count}`));
  const Volumes = Object.fromEntries(volumes.map((path) => [path, {}]));
  const layers = [rootLayer, lower, upper];
  await layout.index(await layout.image(layers, { config: { config: { User: "33:33", ...config, Volumes } } }));
  return `oci:${layout.path}`;
}

async function sh(volumes: readonly string[], script: string, policy: Policy) {
  return await run(["sh", "-c", script], { ...policy, image: await imageWith(volumes) });
}

await forEachLevel((level: Level) => {
  it("makes what an image has there writable, with its owners, and leaves the image alone", async () => {
    const image = await imageWith(["/data/", "run/tool"]);
    const { layers } = await openImage(image);
    const before = await Promise.all(layers.map(fingerprint));
    const script = `cat /data/*; echo new > /data/upper; rm /data/lower; mkdir /data/sub
      echo "$(cat /data/upper) $(ls /data | tr '\\n' ' ') $(( $(stat -c %u /data) - $(id -u) )) $(ls /run/tool)"
      echo x > /run/tool/new && cat /run/tool/*; touch /outside || echo closed`;
    const { stdout } = await run(["sh", "-c", script], { image, level });
    expect(stdout).toBe("lower\nupper\nnew sub upper  0 old\nx\nold\nclosed\n");
    expect(await Promise.all(layers.map(fingerprint))).toEqual(before);
    expect((await run(["cat", "/data/lower"], { image, level })).stdout).toBe("lower\n");
  });

  it("makes those that are empty or missing, for the workload's user", async () => {
    const script = "for d in /empty /not/there /data/below; do echo x > $d/f && cat $d/f; done";
    expect((await sh(["/empty", "/not/there", "/data/below"], script, { level })).stdout).toBe("x\nx\nx\n");
  });

  it("bounds what is written to them", async () => {
    const fill = "dd if=/dev/zero of=/data/big bs=1M count=64 2>/dev/null; stat -c %s /data/big";
    const result = await sh(["/data"], fill, { level, resources: { disk: "8MiB" } });
    expect(Number(result.stdout)).toBeLessThanOrEqual(8 << 20);
    expect(result.exitCode).toBe(0);
  });

  it("follows links of the image within it, and leaves out what leads elsewhere", async () => {
    const volumes = ["/var/run/tool", "/file", "/loop/x", "/kernel/sys", "/top", "/sys/fs/cgroup"];
    const { stdout, notes } = await sh(volumes, "cat /run/tool/old; echo x > /var/run/tool/new && cat /run/tool/new", {
      level,
    });
    expect(stdout).toBe("old\nx\n");
    expect(notes.map((note) => /"([^"]+)"/.exec(note)?.[1])).toEqual([
      "/sys/fs/cgroup",
      "/file",
      "/kernel/sys",
      "/loop/x",
      "/top",
    ]);
  });

  it("gives way to what the policy mounts", async () => {
    const policy: Policy = { level, files: [{ tmpfs: "/data", size: "1MiB" }] };
    expect((await sh(["/data", "/data/sub"], "ls /data; echo x > /data/sub/f && cat /data/sub/f", policy)).stdout).toBe(
      "sub\nx\n",
    );
  });

  it("keeps a home in them, and Bulkhead's own files of /etc", async () => {
    const image = await imageWith(["/data", "/etc"], { WorkingDir: "/data/home" });
    const script = "pwd; echo x > file; cat file ../lower; cat /etc/hostname";
    const { stdout } = await run(["sh", "-c", script], { image, level, hostname: "mine" });
    expect(stdout).toBe("/data/home\nx\nlower\nmine\n");
  });
});

it("has nothing of a host directory that is mounted around it", async () => {
  await mkdir(directory.join("host"));
  const files = [{ host: directory.join("host"), at: "/data" }];
  expect((await sh(["/data/sub"], "ls -a /data", { files })).stdout).toBe(".\n..\n");
});
