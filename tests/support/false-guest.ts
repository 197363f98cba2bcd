import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Broker } from "../../packages/bulkhead/src/broker/broker.js";
import { type CpioEntry, cpio } from "../../packages/bulkhead/src/guest/cpio.js";
import { defaultKernel } from "../../packages/bulkhead/src/guest/kernel/store.js";
import type { Facts } from "../../packages/bulkhead/src/host/facts.js";
import type { Running } from "../../packages/bulkhead/src/levels/driver.js";
import { candidates } from "../../packages/bulkhead/src/levels/microvm/choice/monitors.js";
import { microvmDriver, probeGuest } from "../../packages/bulkhead/src/levels/microvm/driver.js";
import { commandLineFor, guestFiles } from "../../packages/bulkhead/src/levels/microvm/guest-files.js";
import { jailPlan } from "../../packages/bulkhead/src/levels/microvm/jail.js";
import { qemuMonitor } from "../../packages/bulkhead/src/levels/microvm/qemu/monitor.js";
import type { Plan } from "../../packages/bulkhead/src/plan/schema.js";

const BUSYBOX = fileURLToPath(new URL("../../packages/bulkhead/assets/base/bin/busybox", import.meta.url));
const [DIRECTORY, PROGRAM, FILE] = [0o40755, 0o100755, 0o100644];
const MEMORY_MIB = 192;

/**
 * What every script may use: `modules`, after which ports are there, and `port NAME`, the device of one of Bulkhead's
 * ports.
 */
const PRELUDE = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
exec </dev/null >/dev/console 2>&1
port() {
  for one in /sys/class/virtio-ports/*; do
    [ "$(cat "$one/name")" = "$1" ] && echo "/dev/\${one##*/}"
  done
}
modules() {
  while read -r file ports; do
    [ "\${ports:-serial}" = serial ] && insmod "/modules/$file"
  done </modules/order
  while [ -z "$(port bulkhead.control)" ]; do sleep 0.1; done
}
`;

let count = 0;

/**
 * A script of the test in place of a guest's supervisor: a shell script that is process 1 of a machine, in the jail
 * that every machine has.
 */
export class FalseGuests {
  readonly #broker: Broker;
  readonly #directory: string;

  private constructor(broker: Broker, directory: string) {
    this.#broker = broker;
    this.#directory = directory;
  }

  /** `directory`: for the files that machines start from; others must be able to read there. */
  static async open(directory: string): Promise<FalseGuests> {
    return new FalseGuests(await Broker.default(), directory);
  }

  /** Starts one. `files` are in its root. */
  async start(script: string, bootMs: number, files: Readonly<Record<string, Buffer>> = {}): Promise<Running> {
    const initramfs = join(this.#directory, `initramfs-${count + 1}`);
    const named = Object.entries(files).map(([name, content]) => ({ name, mode: FILE, content }));
    writeFileSync(initramfs, cpio([...(await commonEntries(PRELUDE + script)), ...named]), { mode: 0o444 });
    return microvmDriver(this.#broker, bootMs).launch(await this.#plan(initramfs));
  }

  /** What a real guest says of its kernel. */
  async facts(): Promise<Facts> {
    const { initramfs } = await guestFiles();
    return await probeGuest(this.#broker, await this.#plan(initramfs), 60_000);
  }

  /** The plan of a machine that nobody waits for, with this many disks. */
  async plan(disks: number): Promise<Plan> {
    const { initramfs } = await guestFiles();
    return await this.#plan(
      initramfs,
      Array.from({ length: disks }, () => initramfs),
    );
  }

  async #plan(initramfs: string, images: readonly string[] = []): Promise<Plan> {
    count += 1;
    const [candidate] = candidates({ ...process.env, BULKHEAD_VMM: "qemu-tcg" });
    if (candidate?.name !== "qemu-tcg") throw new Error("no QEMU");
    const { kernel, acpi } = await guestFiles();
    const commandLine = await commandLineFor("serial", true);
    const machine = { kernel, initramfs, images, memoryMib: MEMORY_MIB, cpus: 1, commandLine, acpi };
    const monitor = await qemuMonitor(candidate.path, candidate.accelerator, machine);
    const id = `false-${process.pid}-${count}-${Date.now() % 1_000_000}`;
    return jailPlan({ id, milliCpus: 1000, inner: null }, machine, monitor, this.#broker.facts);
  }
}

async function commonEntries(init: string): Promise<readonly CpioEntry[]> {
  const kernel = await defaultKernel();
  if (kernel === undefined) throw new Error("no kernel");
  const order = readFileSync(join(kernel.modulesPath, "order"));
  const modules = order
    .toString()
    .split("\n")
    .flatMap((line) => line.split(" ").slice(0, 1))
    .filter((name) => name !== "");
  const directory = (name: string) => ({ name, mode: DIRECTORY, content: new Uint8Array() });
  const file = (name: string, path: string) => ({ name, mode: FILE, content: readFileSync(path) });
  return [
    ...["bin", "dev", "modules", "proc", "sys", "tmp"].map(directory),
    { name: "bin/busybox", mode: PROGRAM, content: readFileSync(BUSYBOX) },
    { name: "init", mode: PROGRAM, content: Buffer.from(init) },
    { name: "modules/order", mode: FILE, content: order },
    ...modules.map((name) => file(`modules/${name}`, join(kernel.modulesPath, name))),
  ];
}
