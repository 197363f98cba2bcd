import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { Broker } from "../../broker/broker.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Facts } from "../../host/facts.js";
import { missingFor } from "../../host/levels.js";
import type { Plan } from "../../plan/schema.js";
import type { Runtime, RuntimeContext } from "../runtime.js";
import { type Chosen, choose } from "./choice/choose.js";
import type { Candidate } from "./choice/monitors.js";
import { Trials } from "./choice/remembered.js";
import { microvmDriver, probeGuest } from "./driver.js";
import { commandLineFor, type GuestFiles, guestFiles } from "./guest-files.js";
import { innerPlan } from "./inner.js";
import { jailPlan, type Monitor } from "./jail.js";
import type { Machine } from "./machine.js";
import { qemuMonitor } from "./qemu/monitor.js";

const MIB = 1024 * 1024;
/** The guest's kernel, its supervisor and the initramfs, beside what the workload may use. */
const GUEST_MIB = 128;
const PROBE_MIB = 192;
/** A machine that hangs must not hang its user: KVM that works boots in a second, emulation in three. */
const PROBE_MS = { firecracker: 10_000, "qemu-kvm": 10_000, "qemu-tcg": 60_000 } as const;

/** Where what was found out is kept: the user's own cache. */
export function cacheDirectory(): string {
  const chosen = process.env["XDG_CACHE_HOME"];
  const base = chosen !== undefined && isAbsolute(chosen) ? chosen : join(homedir(), ".cache");
  return join(base, "bulkhead");
}

/** Level `microvm`: finds a kernel for guests and a monitor under which it boots. */
export async function microvmRuntime(context: RuntimeContext): Promise<Runtime> {
  const lacking = missingFor("container", context.host);
  if (lacking.length > 0) return unavailable(lacking);
  const files = await guestFiles().catch((error: unknown) => {
    if (error instanceof BulkheadError) return error;
    throw error;
  });
  if (files instanceof BulkheadError) return unavailable([{ what: "a kernel for guests", remedy: files.remedy }]);
  const chosen = await chooseMonitor(context, files);
  if (chosen.choice === undefined) return unavailable(chosen.missing);
  const { candidate, facts } = chosen.choice;
  const { callerUid, callerGid } = context.host.facts;
  return {
    missing: [],
    // The guest's kernel is what the workload meets; whose files it may have is still this host's matter.
    guest: { ...facts, callerUid, callerGid },
    hostPlan: async (workload) => {
      const { plan, trees } = innerPlan(workload);
      const images: string[] = [];
      for (const tree of trees) images.push(await context.imageOf(tree));
      const machine = machineFor(workload, images, files, candidate);
      return jailPlan(plan, machine, await monitorFor(candidate, machine), context.host.facts);
    },
    driver: microvmDriver,
  };
}

/** Tries the monitors that are here; `again`: also those whose answer is known. */
export async function chooseMonitor(
  { broker, host }: Pick<RuntimeContext, "broker" | "host">,
  files: GuestFiles,
  again = false,
): Promise<Chosen> {
  const tryIt = (candidate: Candidate) => probe(candidate, files, broker, host.facts);
  return await choose(tryIt, files.digest, new Trials(cacheDirectory()), again);
}

async function probe(candidate: Candidate, files: GuestFiles, broker: Broker, host: Facts): Promise<Facts> {
  const machine: Machine = {
    kernel: files.kernel,
    initramfs: files.initramfs,
    images: [],
    memoryMib: PROBE_MIB,
    cpus: 1,
    commandLine: commandLineOf(candidate),
    acpi: files.acpi,
    restore: null,
  };
  const { randomBytes } = await import("node:crypto");
  const id = `probe-${randomBytes(8).toString("hex")}`;
  const plan = { ...jailPlan(nothing(id), machine, await monitorFor(candidate, machine), host), inner: null };
  return await probeGuest(broker, plan, PROBE_MS[candidate.name]);
}

/** Only what a jail takes from a workload's plan. */
function nothing(id: string): Plan {
  return { id, limits: { milliCpus: 1000 } } as Plan;
}

function machineFor(workload: Plan, images: readonly string[], files: GuestFiles, candidate: Candidate): Machine {
  const { memoryBytes, milliCpus } = workload.limits;
  return {
    kernel: files.kernel,
    initramfs: files.initramfs,
    images,
    memoryMib: Math.ceil(memoryBytes / MIB) + GUEST_MIB,
    cpus: Math.min(Math.ceil(milliCpus / 1000), 32),
    commandLine: commandLineOf(candidate),
    acpi: files.acpi,
    restore: null,
  };
}

function commandLineOf({ name }: Candidate): string {
  return commandLineFor(name === "firecracker" ? "vsock" : "serial", name === "qemu-tcg");
}

async function monitorFor(candidate: Candidate, machine: Machine): Promise<Monitor> {
  if (candidate.name === "firecracker") throw new BulkheadError("VMM_UNAVAILABLE", { detail: "firecracker" });
  return await qemuMonitor(candidate.path, candidate.accelerator, machine);
}

function unavailable(missing: Runtime["missing"]): Runtime {
  const refuse = () => {
    throw new BulkheadError("VMM_UNAVAILABLE");
  };
  return { missing, hostPlan: refuse, driver: refuse };
}
