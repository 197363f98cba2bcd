import { Sandbox } from "bulkhead";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Broker } from "../../packages/bulkhead/src/broker/broker.js";
import type { Launch } from "../../packages/bulkhead/src/broker/launch.js";
import type { JsonObject } from "../../packages/bulkhead/src/channel/json.js";
import { CONNECTIONS } from "../../packages/bulkhead/src/levels/microvm/machine.js";
import { Qmp } from "../../packages/bulkhead/src/levels/microvm/qemu/qmp.js";
import { FalseGuests } from "../support/false-guest.js";
import { isRequired, lackFor } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";

const lack = await lackFor("microvm");
if (lack !== undefined && isRequired("microvm")) throw new Error(lack);

const DISKS = 2;
/**
 * What QEMU makes devices of, by the names that it has for them: what is not here is a way in that nobody asked for.
 */
const DEVICES = new Set([
  "microvm-machine",
  "max-x86_64-cpu",
  "apic",
  "kvmvapic",
  // Interrupts, timers and the clock of a personal computer, which the kernel starts with.
  "isa-i8259",
  "isa-pit",
  "kvmclock",
  "ioapic",
  "mc146818rtc",
  "isabus-bridge",
  "hpet",
  "fw_cfg_io",
  // With ACPI: power, and what tells of devices.
  "acpi-ged-x86",
  // The console.
  "isa-serial",
  "serial",
  // One bus for each device that there may be; the devices.
  "virtio-mmio",
  "virtio-serial-device",
  "virtserialport",
  "virtio-blk-device",
]);
const NOT_DEVICES =
  /^(?:container|bus|irq|memory-region|link|machine|.*-(?:bus|region|irq))$|^(?:System|ISA|virtio-(?:mmio|serial)-bus)$/;

/** Asked of the monitor of a machine, which is our own here. */
describe.skipIf(lack !== undefined)(
  `the devices of a machine${lack === undefined ? "" : ` (skipped: ${lack})`}`,
  () => {
    let directory: TemporaryDirectory;
    let launch: Launch;
    let qmp: Qmp;

    beforeAll(async () => {
      directory = await TemporaryDirectory.create("devices", 0o755);
      const plan = await (await FalseGuests.open(directory.path)).plan(DISKS);
      const broker = await Broker.default();
      const sockets = CONNECTIONS.map((name) => broker.attach(plan.id, name).on("error", () => undefined));
      for (const socket of sockets) socket.resume();
      const monitor = sockets[CONNECTIONS.indexOf("monitor")];
      if (monitor === undefined) throw new Error("no monitor");
      qmp = new Qmp(monitor);
      launch = broker.launch(plan);
      await launch.launched;
    });
    afterAll(async () => {
      launch?.kill();
      await launch?.ended.catch(() => undefined);
      await directory?.[Symbol.asyncDispose]();
    });

    async function listed(command: string): Promise<readonly JsonObject[]> {
      const { value } = await qmp.execute(command);
      return value as readonly JsonObject[];
    }

    test("are those that a guest needs, and no floppy, USB, network, display or bus of any other kind", async () => {
      const found = [...(await childrenOf("/machine"))].filter((type) => !NOT_DEVICES.test(type));
      expect(found).toContain("virtio-blk-device");
      expect(found.filter((type) => !DEVICES.has(type))).toEqual([]);
      expect(found.filter((type) => type === "virtio-blk-device")).toHaveLength(DISKS);
      expect(found.filter((type) => type === "virtserialport")).toHaveLength(2);
    });

    /** The types of everything below an object of QEMU's. */
    async function* walk(path: string): AsyncGenerator<string> {
      const { value } = await qmp.execute("qom-list", { path });
      for (const { name, type } of value as readonly JsonObject[]) {
        const child = /^child<(.*)>$/.exec(String(type))?.[1];
        if (child === undefined) continue;
        yield child;
        yield* walk(`${path}/${String(name)}`);
      }
    }

    async function childrenOf(path: string): Promise<readonly string[]> {
      const types: string[] = [];
      for await (const type of walk(path)) types.push(type);
      return types;
    }

    test("disks are read-only, and nothing else is a disk", async () => {
      const nodes = await listed("query-named-block-nodes");
      expect(nodes.map(({ file, ro }) => [file, ro])).toEqual(
        expect.arrayContaining(Array.from({ length: DISKS }, (_, index) => [`/vm/image-${index}`, true])),
      );
      expect(nodes.filter(({ ro }) => ro !== true)).toEqual([]);
      expect(nodes).toHaveLength(DISKS);
    });

    test("lead out to four connections that it was given, and to no file, socket or program", async () => {
      const devices = await listed("query-chardev");
      for (const { label, filename } of devices)
        expect([label, filename]).toEqual([label, expect.stringMatching(/^(?:disconnected:)?unix:|^fd/)]);
      expect(devices.map(({ label }) => label).sort()).toEqual(["channel", "console", "control", "monitor"]);
      expect(await listed("query-rx-filter").catch(() => [])).toEqual([]);
      expect(await listed("query-iothreads")).toEqual([]);
    });

    test("and its processor has no machines of its own to offer", async () => {
      await using sandbox = await Sandbox.create({ level: "microvm" });
      const { stdout } = await sandbox.run(["cat", "/proc/cpuinfo"]);
      const flags = /^flags\s*: (.*)$/m.exec(stdout)?.[1]?.split(" ") ?? [];
      expect(flags).toContain("hypervisor");
      expect(flags.filter((flag) => flag === "svm" || flag === "vmx")).toEqual([]);
    });
  },
);
