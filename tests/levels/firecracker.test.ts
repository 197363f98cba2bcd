import { accessSync, constants, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Broker } from "../../packages/bulkhead/src/broker/broker.js";
import type { Launch } from "../../packages/bulkhead/src/broker/launch.js";
import { firecrackerMonitor } from "../../packages/bulkhead/src/levels/microvm/firecracker/monitor.js";
import { memoryBeside } from "../../packages/bulkhead/src/levels/microvm/firecracker/received.js";
import { commandLineFor, guestFiles } from "../../packages/bulkhead/src/levels/microvm/guest-files.js";
import { jailPlan } from "../../packages/bulkhead/src/levels/microvm/jail.js";
import { CONNECTIONS, SNAPSHOT } from "../../packages/bulkhead/src/levels/microvm/machine.js";
import type { MonitorLink } from "../../packages/bulkhead/src/levels/microvm/monitor.js";
import { linkTo } from "../../packages/bulkhead/src/levels/microvm/monitor-link.js";
import { restoring } from "../../packages/bulkhead/src/levels/microvm/snapshot/restoring.js";
import type { Plan } from "../../packages/bulkhead/src/plan/schema.js";
import { allProcesses, readKernelFile } from "../support/host.js";
import { eventually, ms } from "../support/time.js";

const MEMORY_MIB = 128;
const MOST_BYTES = 2 ** 30;

/** Only what a jail takes from a workload's plan. */
const workload = (id: string) => ({ id, limits: { milliCpus: 1000 } }) as Plan;

function lackOfFirecracker(): string | undefined {
  const program = process.env["BULKHEAD_FIRECRACKER"] ?? "";
  if (program === "") return "no Firecracker: BULKHEAD_FIRECRACKER=FILE";
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
    return undefined;
  } catch {
    return "/dev/kvm cannot be opened";
  }
}

const lack = lackOfFirecracker();

interface Jail {
  readonly launch: Launch;
  readonly link: MonitorLink;
}

/**
 * Whether its guest gets anywhere is another matter: what is looked at is the monitor, so any /dev/kvm that opens will
 * do.
 */
describe.skipIf(lack !== undefined)(
  `a real Firecracker in its jail${lack === undefined ? "" : ` (skipped: ${lack})`}`,
  () => {
    const jails: Jail[] = [];
    let directory: string;
    let broker: Broker;
    let plan: Plan;

    function launch(what: Plan): Jail {
      const sockets = CONNECTIONS.map((name) => broker.attach(what.id, name).on("error", () => undefined));
      const [, console, monitor, state] = sockets;
      if (console === undefined || monitor === undefined || state === undefined) throw new Error("connections");
      console.resume();
      const jail = { launch: broker.launch(what), link: linkTo(what, monitor, state) };
      jails.push(jail);
      return jail;
    }

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), "bulkhead-test-"));
      broker = await Broker.default();
      const { kernel, initramfs, acpi } = await guestFiles();
      const commandLine = await commandLineFor("vsock", false);
      const machine = { kernel, initramfs, images: [initramfs], memoryMib: MEMORY_MIB, cpus: 1, commandLine, acpi };
      const monitor = await firecrackerMonitor(process.env["BULKHEAD_FIRECRACKER"] ?? "", machine);
      const { id, limits } = workload(`firecracker-${process.pid}`);
      plan = jailPlan({ id, milliCpus: limits.milliCpus, inner: null }, machine, monitor, broker.facts);
    });
    afterAll(async () => {
      for (const jail of jails) jail.launch.kill();
      await Promise.all(jails.map((jail) => jail.launch.ended.catch(() => undefined)));
      if (directory !== undefined) await rm(directory, { recursive: true });
    });

    it("starts, confined as its plan says", async () => {
      const { launch: started, link } = launch(plan);
      await link.start();
      const { processes } = await started.evidence();
      expect(processes).toHaveLength(2);
      for (const { uid, capabilities, noNewPrivs, seccomp, seccompFilters } of processes ?? []) {
        expect(uid.every((id) => id >= 65_536)).toBe(true);
        expect(Object.values(capabilities).every((set) => /^0+$/.test(set))).toBe(true);
        expect([noNewPrivs, seccomp]).toEqual([true, 2]);
        expect(seccompFilters).toBeGreaterThan(0);
      }
      const [monitor = 0] = monitors();
      expect(readKernelFile(`/proc/${monitor}/environ`)).toBe("");
      expect(readKernelFile(`/proc/${monitor}/net/dev`).match(/:/g)).toHaveLength(1);
    });

    it("saves a copy of its machine and resumes, and the copy resumes in its own jail", async () => {
      const [original] = jails;
      const file = join(directory, "copy");
      await original?.link.save(file, MOST_BYTES);
      await original?.link.resume();
      expect(statSync(memoryBeside(file)).size).toBe(MEMORY_MIB * 1024 * 1024);
      const copy = launch({
        ...restoring(plan, { source: file, at: SNAPSHOT }),
        id: `firecracker-copy-${process.pid}`,
      });
      await copy.link.start();
      await copy.link.resume();
      expect(monitors()).toHaveLength(2);
    });

    it("is gone with all its jail when it is killed", async () => {
      const victim = monitors().at(-1);
      if (victim === undefined) throw new Error("no monitor");
      process.kill(victim, "SIGKILL");
      await jails.at(-1)?.launch.ended;
      await eventually("its processes are gone", ms(5000), () => monitors().length === 1);
    });
  },
);

function monitors(): readonly number[] {
  const ours = (pid: number) => readKernelFile(`/proc/${pid}/cmdline`).startsWith("/vm/firecracker\0");
  return [...allProcesses()].filter(ours).sort((one, other) => one - other);
}
