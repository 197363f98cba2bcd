import type { Broker } from "../../broker/broker.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Facts } from "../../host/facts.js";
import { missingFor } from "../../host/levels.js";
import { hasEgress } from "../../plan/connections.js";
import type { Plan } from "../../plan/schema.js";
import type { Runtime, RuntimeContext, TreeImage, WorkloadLimits } from "../runtime.js";
import { cacheDirectory } from "./cache.js";
import { type Chosen, choose } from "./choice/choose.js";
import type { Candidate } from "./choice/monitors.js";
import { monitorTrials } from "./choice/remembered.js";
import { keepReady, microvmDriver, probeGuest } from "./driver.js";
import { firecrackerMonitor } from "./firecracker/monitor.js";
import { commandLineFor, type GuestFiles, guestFiles } from "./guest-files.js";
import { innerPlan, treesOf } from "./inner.js";
import { jailPlan, type Monitor, wallLimits } from "./jail.js";
import type { Machine } from "./machine.js";
import { qemuMonitor } from "./qemu/monitor.js";
import { fromReady } from "./ready.js";
import { restoredPlan } from "./snapshot/restored.js";

const MIB = 1024 * 1024;
/** The guest's kernel, its supervisor and the initramfs, besides the workload's memory. */
const GUEST_MIB = 128;
const PROBE_MIB = 192;
/** A machine that hangs must not hang its user: working KVM boots in a second, emulation in three. */
const PROBE_MS = { firecracker: 10_000, "qemu-kvm": 10_000, "qemu-tcg": 60_000 } as const;

/** BULKHEAD_VMM_TRY_MS: for a host that is itself an emulated machine. */
function probeMs({ name }: Candidate): number {
  const chosen = Number(process.env["BULKHEAD_VMM_TRY_MS"] ?? "");
  return chosen > 0 ? chosen : PROBE_MS[name];
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
  const chosen = await chooseMonitor(context, files, context.again);
  if (chosen.choice === undefined) return unavailable(chosen.missing);
  const { candidate, facts } = chosen.choice;
  const { callerUid, callerGid } = context.host.facts;
  return {
    missing: [],
    writesBack: true,
    by: descriptionOf(chosen.tried),
    // The workload runs on the guest's kernel; this host still decides whose files it may have.
    guest: { ...facts, callerUid, callerGid },
    wallLimits: async (limits) => {
      const { processors } = context.host.facts.ceilings;
      const machine = await machineFor({ limits }, [], files, candidate, processors);
      return wallLimits(limits.milliCpus, machine, await monitorFor(candidate, machine));
    },
    hostPlan: async (workload, diskBytes) => {
      const images: TreeImage[] = [];
      for (const tree of treesOf(workload)) images.push(await context.imageOf(tree));
      const machine = await machineFor(
        workload,
        images.map(({ path }) => path),
        files,
        candidate,
        context.host.facts.ceilings.processors,
      );
      requireMemory(machine, context.host.facts);
      const plan = innerPlan(
        workload,
        images.map(({ inside }) => inside),
        diskBytes,
      );
      const { id, limits } = workload;
      const jailed = { id, milliCpus: limits.milliCpus, inner: { ...plan } };
      return jailPlan(jailed, machine, await monitorFor(candidate, machine), context.host.facts);
    },
    started:
      candidate.name === "firecracker"
        ? undefined
        : (plan) => fromReady(plan, (kept, file) => keepReady(context.broker, kept, file, probeMs(candidate))),
    restored: restoredPlan,
    driver: microvmDriver,
  };
}

/** Tries the installed monitors; `again`: also those with a stored result. */
async function chooseMonitor(
  { broker, host }: Pick<RuntimeContext, "broker" | "host">,
  files: GuestFiles,
  again = false,
): Promise<Chosen> {
  const tryIt = (candidate: Candidate) => probe(candidate, files, broker, host.facts);
  return await choose(tryIt, files.digest, monitorTrials(cacheDirectory()), again);
}

async function probe(candidate: Candidate, files: GuestFiles, broker: Broker, host: Facts): Promise<Facts> {
  const machine: Machine = {
    kernel: files.kernel,
    initramfs: files.initramfs,
    images: [],
    memoryMib: PROBE_MIB,
    cpus: 1,
    commandLine: await commandLineOf(candidate),
    acpi: files.acpi,
    egress: false,
  };
  const { randomBytes } = await import("node:crypto");
  const id = `probe-${randomBytes(8).toString("hex")}`;
  const plan = jailPlan({ id, milliCpus: 1000, inner: null }, machine, await monitorFor(candidate, machine), host);
  return await probeGuest(broker, plan, probeMs(candidate));
}

async function machineFor(
  workload: { readonly limits: WorkloadLimits; readonly payload?: Plan["payload"] },
  images: readonly string[],
  files: GuestFiles,
  candidate: Candidate,
  processors: number,
): Promise<Machine> {
  const { memoryBytes, milliCpus } = workload.limits;
  return {
    kernel: files.kernel,
    initramfs: files.initramfs,
    images,
    memoryMib: Math.ceil(memoryBytes / MIB) + GUEST_MIB,
    cpus: Math.min(Math.ceil(milliCpus / 1000), processors, 32),
    commandLine: await commandLineOf(candidate),
    acpi: files.acpi,
    egress: workload.payload !== undefined && hasEgress({ payload: workload.payload }),
  };
}

/**
 * A machine's memory is allocated from the beginning: if it exceeds the host's, the machine does not start, or is
 * killed later.
 */
function requireMemory({ memoryMib }: Machine, { ceilings }: Facts): void {
  const most = Math.floor(ceilings.memoryBytes / MIB) - GUEST_MIB;
  const asked = memoryMib - GUEST_MIB;
  if (memoryMib * MIB <= ceilings.memoryBytes) return;
  const detail = `resources.memory: ${asked}MiB, at most ${most}MiB here (the host's memory, without ${GUEST_MIB}MiB for the guest's kernel)`;
  throw new BulkheadError("LIMIT_UNAVAILABLE", { operation: "make a microVM", detail });
}

async function commandLineOf({ name }: Candidate): Promise<string> {
  return await commandLineFor(name === "firecracker" ? "vsock" : "serial", name === "qemu-tcg");
}

async function monitorFor(candidate: Candidate, machine: Machine): Promise<Monitor> {
  return candidate.name === "firecracker"
    ? await firecrackerMonitor(candidate.path, machine)
    : await qemuMonitor(candidate.path, candidate.accelerator, machine);
}

/** Monitors that were tried before the working one come first, with the reason they failed. */
function descriptionOf(tried: Chosen["tried"]): string {
  const names = {
    firecracker: "Firecracker",
    "qemu-kvm": "QEMU with KVM",
    "qemu-tcg": "QEMU, emulated: correct, slow",
  };
  return tried
    .map(({ name, trial }) =>
      trial.works ? `${names[name]} (a guest boots in ${trial.bootMs} ms)` : `${names[name]} does not work here`,
    )
    .join("; ");
}

function unavailable(missing: Runtime["missing"]): Runtime {
  const refuse = () => {
    throw new BulkheadError("VMM_UNAVAILABLE");
  };
  return { missing, hostPlan: refuse, driver: refuse };
}
