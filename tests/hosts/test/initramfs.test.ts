import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { loadingOrder, runScript } from "../machine/initramfs.js";
import { defaults } from "../machine/settings.js";

const MODULES_DEP = `
kernel/fs/ext4/ext4.ko: kernel/lib/crc16.ko kernel/fs/mbcache.ko kernel/fs/jbd2/jbd2.ko
kernel/lib/crc16.ko:
kernel/drivers/virtio/virtio-pci.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
`;

test("modules come after what they need, each once, and what is built in is left out", () => {
  expect(loadingOrder(MODULES_DEP, ["virtio_pci", "ext4", "crc16", "overlay"])).toEqual([
    "kernel/drivers/virtio/virtio_ring.ko",
    "kernel/drivers/virtio/virtio.ko",
    "kernel/drivers/virtio/virtio-pci.ko",
    "kernel/fs/jbd2/jbd2.ko",
    "kernel/fs/mbcache.ko",
    "kernel/lib/crc16.ko",
    "kernel/fs/ext4/ext4.ko",
  ]);
});

test("a command reaches the guest byte by byte", () => {
  const argv = ["/usr/bin/printf", "%s|", "", "a b", "it's", "$HOME `id` \\", "line\nline", "ä"];
  const env = { ONE: "with 'quotes' and $dollars" };
  const script = runScript([], defaults, [], { argv, env, cwd: "/", needs: [] });
  const run = (tail: readonly string[]) =>
    execFileSync("sh", ["-c", `uid=0 home=/root result=/r\n${script}\n${tail.join("\n")}`], { encoding: "utf8" });
  expect(run(["run"])).toBe(`${argv.slice(2).join("|")}|`);
  const shown = runScript([], defaults, [], { argv: ["/usr/bin/env"], env, cwd: "/", needs: [] });
  const lines = execFileSync("sh", ["-c", `uid=0 home=/root result=/r\n${shown}\nrun`], { encoding: "utf8" });
  expect(lines.trim().split("\n").sort()).toEqual([
    "BULKHEAD_HOSTS_RESULT=/r",
    "HOME=/root",
    "LOGNAME=root",
    "ONE=with 'quotes' and $dollars",
    "USER=root",
  ]);
});
