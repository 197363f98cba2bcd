import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Kernel, kernels } from "bulkhead/host";
import { cpio } from "../../packages/bulkhead/src/guest/cpio.js";
import { type Build, here, nameOf } from "../build.js";
import { busybox, versionOf } from "../environment.js";
import type { Absent, Subject } from "../subject.js";
import { spawned } from "../subjects/spawned.js";

const worker = fileURLToPath(new URL("worker.ts", import.meta.url));

/** The distribution's kernel, or the one that `bulkhead kernel build` makes. */
export type KernelKind = "distribution" | "built";
/** A kernel that boots each time, or a machine that has booted before and resumes. */
export type Start = "cold" | "restored";

/** create, run `true`, destroy, with this kernel; emulated where there is no KVM that works. */
export async function microvm(kind: KernelKind, start: Start, build: Build = here): Promise<Subject | Absent> {
  const name = nameOf(`bulkhead microvm, ${kind} kernel, ${start}`, build);
  const kernel = await find(kind);
  if (kernel === undefined)
    return { name, absent: `no such kernel: bulkhead kernel ${kind === "built" ? "build" : "fetch"}` };
  const env = {
    ...process.env,
    BULKHEAD_KERNEL: kernel.name,
    ...(start === "cold" ? { BULKHEAD_MICROVM_START: "boot" } : {}),
  };
  const library = pathToFileURL(`${build.root}packages/bulkhead/dist/index.js`).href;
  const child = spawn(process.execPath, ["--import", "tsx", worker, library], {
    env,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    name,
    run: async () => {
      child.stdin.write("\n");
      const answer = await lines.next();
      if (answer.value !== "done") throw new Error(`${name}: ${String(answer.value)}`);
    },
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    },
  };
}

/** No jail, no channel and no supervisor: QEMU alone, from its start to its end around a kernel that runs `true`. */
export async function bareQemu(kind: KernelKind): Promise<Subject | Absent> {
  const name = `bare QEMU, ${kind} kernel`;
  const kernel = await find(kind);
  if (kernel === undefined || (await versionOf("qemu-system-x86_64")) === undefined)
    return { name, absent: "no QEMU, or no such kernel" };
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-bench-qemu-"));
  const initramfs = join(directory, "initramfs");
  const script = "#!/bin/busybox sh\n/bin/busybox true && /bin/busybox reboot -f\n";
  await writeFile(
    initramfs,
    cpio([
      { name: "bin", mode: 0o40755, content: new Uint8Array() },
      { name: "bin/busybox", mode: 0o100755, content: await readFile(busybox) },
      { name: "init", mode: 0o100755, content: Buffer.from(script) },
    ]),
  );
  const words = "console=ttyS0 quiet panic=-1 reboot=t pci=off tsc_early_khz=2600000 no_timer_check";
  const argv = [
    ...["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"],
    ...[
      "-machine",
      `microvm,acpi=${kernel.acpi ? "on" : "off"},isa-serial=on`,
      "-accel",
      "tcg,thread=multi,tb-size=32",
    ],
    ...["-cpu", "max,la57=off", "-smp", "1", "-m", "640M", "-serial", "stdio"],
    ...["-kernel", kernel.path, "-initrd", initramfs, "-append", words],
  ];
  return spawned(name, argv, () => rm(directory, { recursive: true, force: true }));
}

async function find(kind: KernelKind): Promise<Kernel | undefined> {
  const prefix = kind === "built" ? "built-" : "debian-";
  return (await kernels.list()).kernels.filter((kernel) => kernel.name.startsWith(prefix)).at(-1);
}
