import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import type { Kernel } from "./downloads.js";
import type { MachineSettings } from "./settings.js";
import type { Share } from "./share.js";

/** The guest's virtio-serial ports: the command's output, its result file, and guest-init's own words. */
export const PORTS = ["out", "err", "result", "control"] as const;

export type Port = (typeof PORTS)[number];

/** A running emulator and the streams of its ports. */
export interface Emulator {
  readonly process: ChildProcess;
  readonly ports: Readonly<Record<Port, Readable>>;
}

/** Files of one run. */
export interface MachineFiles {
  readonly initrd: string;
  readonly disk: string;
  readonly console: string;
}

/** Starts QEMU. It is killed by the kernel when this process dies. */
export function startQemu(
  kernel: Kernel,
  settings: MachineSettings,
  shares: readonly Share[],
  files: MachineFiles,
): Emulator {
  const argv = ["--pdeathsig", "KILL", "qemu-system-x86_64", ...qemuArguments(kernel, settings, shares, files)];
  // Node makes each "pipe" a connected Unix socket, and QEMU takes an inherited one as a chardev.
  const process = spawn("setpriv", argv, {
    stdio: ["ignore", "ignore", "inherit", ...PORTS.map(() => "pipe" as const)],
  });
  const port = (index: number): Readable => process.stdio[FIRST_FD + index] as Readable;
  return { process, ports: { out: port(0), err: port(1), result: port(2), control: port(3) } };
}

const FIRST_FD = 3;

/** QEMU's command line. */
export function qemuArguments(
  kernel: Kernel,
  settings: MachineSettings,
  shares: readonly Pick<Share, "tag" | "socket">[],
  files: MachineFiles,
): readonly string[] {
  return [
    ...["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"],
    ...["-machine", "q35,memory-backend=ram", "-accel", "tcg,thread=multi"],
    // la57 (five-level page tables) is broken in QEMU 7.2's emulation: programs in the guest abort.
    ...["-cpu", `max,la57=off,svm=${settings.kvm ? "on" : "off"}`],
    ...["-smp", String(settings.cpus), "-m", settings.memory],
    // vhost-user daemons read the guest's memory themselves: it must be shared with them.
    ...["-object", `memory-backend-memfd,id=ram,share=on,size=${settings.memory}`],
    ...["-kernel", kernel.image, "-initrd", files.initrd, "-append", kernelArguments(settings)],
    ...["-serial", `file:${files.console}`],
    ...["-drive", `if=none,id=disk,file=${files.disk},format=raw,cache=unsafe,discard=unmap`],
    ...["-device", "virtio-blk-pci,drive=disk", "-device", "virtio-rng-pci", "-device", "virtio-serial-pci"],
    ...PORTS.flatMap((name, index) => [
      ...["-chardev", `socket,id=${name},fd=${FIRST_FD + index}`],
      ...["-device", `virtserialport,chardev=${name},name=${name}`],
    ]),
    ...shares.flatMap(({ tag, socket }) => [
      ...["-chardev", `socket,id=${tag},path=${socket}`],
      ...["-device", `vhost-user-fs-pci,chardev=${tag},tag=${tag},queue-size=1024`],
    ]),
  ];
}

function kernelArguments(settings: MachineSettings): string {
  return [
    "console=ttyS0 panic=-1 random.trust_cpu=on",
    // The timers are emulated: calibrating against them hangs half of all boots.
    "tsc_early_khz=2400000 tsc=unstable no_timer_check",
    settings.apparmor ? "apparmor=1 security=apparmor" : "lsm=landlock,lockdown,yama,bpf",
    // Each character on the console costs time.
    ...(settings.console === undefined ? ["quiet"] : []),
  ].join(" ");
}
