import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Arm64Root } from "./root.js";

/** Runs the machine to its end, prints what its console says, and returns the command's exit code; 125 without one. */
export async function runGuest(root: Arm64Root, disk: string): Promise<number> {
  const drive = (file: string, more: string) => [
    ...[
      "-drive",
      `file=${file},if=none,id=${more}-disk,format=raw,cache=unsafe${more === "root" ? ",snapshot=on" : ""}`,
    ],
    ...["-device", `virtio-blk-pci,drive=${more}-disk`],
  ];
  const argv = [
    ...["--pdeathsig", "KILL", "qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a72", "-accel", "tcg,thread=multi"],
    ...[
      "-smp",
      "2",
      "-m",
      "3G",
      "-nodefaults",
      "-no-user-config",
      "-no-reboot",
      "-display",
      "none",
      "-serial",
      "stdio",
    ],
    ...["-kernel", root.kernel, "-initrd", root.initrd],
    ...["-append", "console=ttyAMA0 quiet panic=-1 lsm=landlock,lockdown,yama,bpf,apparmor"],
    // The first becomes /dev/vda.
    ...drive(root.image, "root"),
    ...drive(disk, "project"),
    ...["-device", "virtio-rng-pci"],
  ];
  const qemu = spawn("setpriv", argv, { stdio: ["ignore", "pipe", "inherit"] });
  let code = 125;
  for await (const line of createInterface({ input: qemu.stdout })) {
    const text = line.replace(/\r$/, "");
    const exit = /^ARM64 EXIT (\d+)$/.exec(text);
    if (exit !== null) code = Number(exit[1]);
    else process.stdout.write(`${text}\n`);
  }
  if (qemu.exitCode === null) await once(qemu, "close");
  return code;
}
