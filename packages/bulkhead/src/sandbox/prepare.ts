import { isDeepStrictEqual } from "node:util";
import { requireArguments } from "../arguments/require.js";
import { Broker } from "../broker/broker.js";
import type { BrokerLimits } from "../broker/messages.js";
import type { Gate } from "../egress/client/gate.js";
import type { EgressOptions } from "../egress/options.js";
import type { Enforcement, EnforcementTable } from "../evidence/enforcement.js";
import { unmetBy } from "../evidence/requirements.js";
import { baseRootPath } from "../host/locate.js";
import { type OwnPart, ownParts } from "../host/own-parts.js";
import { type HostReport, hostReport } from "../host/report.js";
import type { OpenedImage as StoredImage } from "../images/open.js";
import type { ImageOptions } from "../images/options.js";
import type { Driver } from "../levels/driver.js";
import type { Runtime, Tree, TreeImage } from "../levels/runtime.js";
import { runtimeFor } from "../levels/select.js";
import { wantedLevel } from "../plan/compile/level.js";
import { type Compiled, compile, tabulate } from "../plan/compile.js";
import { fileNotes } from "../plan/file-notes.js";
import { gatherInputs, type InputSources, type OpenedImage } from "../plan/inputs.js";
import { EGRESS } from "../plan/schema/names.js";
import type { Plan } from "../plan/schema.js";
import { GENERATED_PROFILE } from "../policy/defaults.js";
import type { Level } from "../policy/level.js";
import { parsePolicy } from "../policy/parse.js";
import type { ResolvedPolicy } from "../policy/resolved.js";
import type { Policy } from "../policy/schema.js";
import { now } from "./clock.js";
import { freshId } from "./fresh-id.js";
import { maximaOf, type WithinMaxima, withinMaxima } from "./maxima.js";
import { openNetwork, withBundle, withEgress } from "./network.js";
import { policyArgument, policyOfNow, prepareOptions } from "./options.js";
import type { WriteBack } from "./write-back/write-back.js";

/** Which broker creates sandboxes. */
export interface BrokerOptions {
  /** Path of a system broker's socket. Default: BULKHEAD_BROKER, or a private broker of this process. */
  readonly broker?: string;
}

/** Options for preparing a policy. */
export interface PrepareOptions extends BrokerOptions {
  /** Where to get the image that a policy names. */
  readonly images?: ImageOptions;
  /** Cancels pulling and unpacking; the promise rejects with ABORTED. */
  readonly signal?: AbortSignal;
  /** Hooks and listeners for egress, and how names are resolved; the policy decides what is allowed. */
  readonly egress?: EgressOptions;
  /** Changes the plan before launch, for Bulkhead's own sandboxes, whose mounts no policy can name. @internal */
  readonly amend?: (plan: Plan) => Plan;
  /** Makes the host's plan resume from a snapshot instead of booting. @internal */
  readonly goOn?: (runtime: Runtime, plan: Plan) => Promise<Plan>;
}

/** A policy that is ready to launch on this host. */
export interface Prepared {
  /** With the plan that the broker executes. */
  readonly compiled: Compiled;
  readonly driver: Driver;
  readonly host: HostReport;
  /** Version of the broker's executable. */
  readonly wardenVersion: string;
  /** Null if the policy allows no egress. */
  readonly egress: Gate | null;
  /** Writes changes back to the host, if the workload has copies of writable host directories. Else null. */
  readonly writeBack: WriteBack | null;
  /**
   * The workload's compiled plan before anything specific to one sandbox was added; the baseline for comparison with
   * another compilation.
   */
  readonly compiledPlan: Plan;
  /** Whether the sandbox holds copies of host directories as they were at launch. */
  readonly copiesHostFiles: boolean;
  /** Releases its resources if it is not launched after all. */
  readonly discard: () => void;
}

/** A policy compiled for what this broker can enforce. */
interface Ready {
  readonly broker: Broker;
  readonly runtime: Runtime;
  /** With the workload's plan. */
  readonly compiled: Compiled;
  readonly resolved: ResolvedPolicy;
  /** Pins the plan's images in the image store. */
  readonly pin?: Disposable | undefined;
  /** Pins them once more; undefined if the image must be opened anew. */
  readonly again?: ((images: ImageOptions) => Promise<Disposable | undefined>) | undefined;
}

/** A policy as it was when it was compiled. Policies are plain data that their owner may modify in place. */
interface Remembered {
  readonly policy: Policy;
  readonly ready: Ready;
  readonly until: number;
}

/** Number of policies to remember per broker: programs use few, but may create them from input. */
const MOST_REMEMBERED = 64;
/** Host files change owners and directories become links: only policies without any are remembered, and briefly. */
const REMEMBERED_MS = 2_000;

const remembered = new WeakMap<Broker, Map<string, Remembered>>();
const reports = new WeakMap<Broker, HostReport>();

/**
 * Makes a policy, as it is now, ready to launch under its own id.
 * @throws BulkheadError as parsing, compiling or the broker does
 */
export async function prepare(given: Policy, options: PrepareOptions): Promise<Prepared> {
  const policy = policyOfNow(given);
  const ready = (await recall(policy, options)) ?? (await compileFresh(policy, options));
  const { broker, runtime, resolved, pin } = ready;
  const { plan: remembered, workload, bundles: _, ...compiled } = ready.compiled;
  const { diskBytes } = resolved.resources;
  const held: Disposable[] = pin === undefined ? [] : [pin];
  try {
    const id = freshId();
    const egress = resolved.network.kind === "none" ? null : await openGate(ready, id, options);
    if (egress !== null) held.push({ [Symbol.dispose]: () => void egress.close() });
    const env = withEgress(workload.env, egress, resolved);
    const plan = await withProfile({ ...withBundle(remembered, egress), id }, resolved, held);
    const writeBack = runtime.writesBack === true ? await writeBackOf(plan, diskBytes) : null;
    return {
      compiled: {
        ...compiled,
        // The plan already contains the bundles; a snapshot has no use for them.
        bundles: [],
        workload: { ...workload, env },
        plan: await hostPlanOf(runtime, options.amend?.(plan) ?? plan, diskBytes, options.goOn),
      },
      driver: holding(runtime.driver(broker), held),
      host: reportOf(broker),
      wardenVersion: broker.version,
      egress,
      writeBack,
      compiledPlan: remembered,
      copiesHostFiles: runtime.writesBack === true && namesHostTrees(resolved),
      discard: () => release(held),
    };
  } catch (error) {
    release(held);
    throw error;
  }
}

/**
 * Compiles a policy now, without anything specific to one sandbox; opens its image if necessary.
 * @throws BulkheadError as {@link prepare}
 */
export async function planOfNow(policy: Policy, options: PrepareOptions): Promise<Plan> {
  const ready = (await recall(policy, options)) ?? (await compileFresh(policy, options));
  ready.pin?.[Symbol.dispose]();
  return ready.compiled.plan;
}

/** Does slow work for the sandbox first, because the broker does not wait forever for the rest of a launch. */
async function openGate({ broker, runtime, resolved, compiled }: Ready, id: string, options: PrepareOptions) {
  const { plan, bundles } = compiled;
  if (runtime.guest !== undefined) await hostPlanOf(runtime, plan, resolved.resources.diskBytes, undefined);
  const connection = () => broker.attached(id, EGRESS);
  return await openNetwork(resolved, plan.level, options.egress ?? {}, bundles, connection);
}

/** Loads the code that examines and writes host directories only if there is one to write. */
async function writeBackOf(plan: Plan, diskBytes: number): Promise<WriteBack | null> {
  if (plan.mounts.every((mount) => mount.kind !== "bind" || mount.readOnly)) return null;
  const { WriteBack } = await import("./write-back/write-back.js");
  return await WriteBack.of(plan, diskBytes);
}

/**
 * Generates and loads an AppArmor profile if the policy asks for one: into this host's kernel for as long as it is
 * `held`, or for a guest's.
 */
async function withProfile(plan: Plan, { apparmor, access }: ResolvedPolicy, held: Disposable[]): Promise<Plan> {
  if (apparmor !== GENERATED_PROFILE) return plan;
  const { generateProfile } = await import("../apparmor/generated.js");
  const confined = await generateProfile(plan, access);
  held.push(confined.profile);
  return confined.plan;
}

async function hostPlanOf(
  runtime: Runtime,
  workload: Plan,
  diskBytes: number,
  goOn: PrepareOptions["goOn"],
): Promise<Plan> {
  const plan = await runtime.hostPlan(workload, diskBytes);
  if (goOn !== undefined) return await goOn(runtime, plan);
  return (await runtime.started?.(plan)) ?? plan;
}

/** Releases resources when the sandbox has ended or failed to start. */
function holding(driver: Driver, held: readonly Disposable[]): Driver {
  if (held.length === 0) return driver;
  const letGo = () => release(held);
  return {
    launch: (plan) => {
      const running = driver.launch(plan);
      running.ended.then(letGo, letGo);
      return running;
    },
  };
}

function release(held: readonly Disposable[]): void {
  for (const each of held) each[Symbol.dispose]();
}

/** The outcome of compiling a policy on a host, without starting anything. */
export interface Explanation {
  readonly level: Level;
  readonly plan: Plan;
  readonly enforcement: EnforcementTable;
  /** Protections that the policy requires and this host cannot enforce. If there are any, nothing would start. */
  readonly unmet: readonly Enforcement[];
  /** Parts of the image that are ignored, one line each. */
  readonly notes: readonly string[];
  /** Defaults that were lowered to a maximum of the broker's owner, one line each. */
  readonly lowered: readonly string[];
  /** Maxima of the broker's owner; null if the caller itself owns the broker. */
  readonly maxima: BrokerLimits | null;
  /** Read-only host files that do not belong to the workload's user inside, and why, one line each. */
  readonly fileNotes: readonly string[];
  /** Bulkhead's own processes that parse hostile input, as this process would start them. */
  readonly ownParts: readonly OwnPart[];
  /** For `root: host`, the entries of /etc and /var/lib that are hidden, and why, as a clause. Else empty. */
  readonly leftOut: readonly { readonly path: string; readonly why: string }[];
}

/**
 * Explains what `policy` means on this host.
 * @throws BulkheadError as `run` does before it launches, except REQUIREMENT_UNMET
 */
export async function explain(policy: Policy = {}, options: PrepareOptions = {}): Promise<Explanation> {
  requireArguments("explain", ["policy", policyArgument, policy], ["options", prepareOptions, options]);
  const parsed = parsePolicy(policy);
  const broker = await Broker.default(options.broker);
  const { host, runtime } = await examined(parsed, broker, options);
  const within = await withinMaxima(policy, parsed, broker.limits, runtime.wallLimits);
  const resolved = within.policy;
  const image = new ImageOpener(resolved, options);
  const inputs = await gatherInputs(resolved, image).finally(() => image.opened?.[Symbol.dispose]());
  const { plan, enforcement } = tabulate(resolved, host, inputs, { id: freshId() });
  return {
    level: plan.level,
    plan: await runtime.hostPlan(plan, resolved.resources.diskBytes),
    enforcement,
    unmet: unmetBy(resolved, enforcement),
    notes: inputs.image?.notes ?? [],
    lowered: within.notes,
    maxima: maximaOf(broker.limits) ?? null,
    fileNotes: fileNotes(resolved, inputs, host),
    ownParts: ownParts(broker.facts),
    leftOut: inputs.root.kind === "host" ? (inputs.root.left ?? []) : [],
  };
}

/** The level that a policy selects, whether or not this host offers it. @throws BulkheadError POLICY_INVALID */
export function levelOf(policy: Policy): Level {
  requireArguments("levelOf", ["policy", policyArgument, policy]);
  return wantedLevel(parsePolicy(policy));
}

async function compileFresh(policy: Policy, options: PrepareOptions): Promise<Ready> {
  // Start a private broker meanwhile; the code that awaits it reports a failure.
  const starting = Broker.default(options.broker);
  starting.catch(() => undefined);
  const resolved = parsePolicy(policy);
  if (resolved.root.kind === "image") await starting; // the work that an image makes would be for nothing without one
  const image = new ImageOpener(resolved, options);
  try {
    const inputs = await gatherInputs(resolved, image);
    const broker = await starting;
    const { host, runtime } = await examined(resolved, broker, options);
    const within = await withinMaxima(policy, resolved, broker.limits, runtime.wallLimits);
    const compiled = noting(within, compile(within.policy, host, inputs, { id: freshId() }));
    const ready = { broker, runtime, resolved: within.policy, compiled, again: image.opened?.again };
    if (namesNoHostFile(resolved) && (image.opened === undefined || ready.again !== undefined)) {
      remember(policy, ready);
    }
    return { ...ready, pin: image.opened };
  } catch (error) {
    image.opened?.[Symbol.dispose]();
    throw error;
  }
}

function noting({ notes }: WithinMaxima, compiled: Compiled): Compiled {
  return notes.length === 0 ? compiled : { ...compiled, workload: { ...compiled.workload, lowered: notes } };
}

/** Examines the host as far as the policy's level needs; does not look for programs that no policy asks for. */
async function examined(
  policy: ResolvedPolicy,
  broker: Broker,
  options: PrepareOptions,
): Promise<{ readonly host: HostReport; readonly runtime: Runtime }> {
  const level = wantedLevel(policy);
  const report = reportOf(broker);
  const imageOf = async (tree: Tree) => await makeImage(tree, report.facts.privileged, options);
  const runtime = await runtimeFor(level, { broker, host: report, imageOf });
  const facts = runtime.guest ?? report.facts;
  const tried = { [level]: runtime.missing };
  const counting = runtime.counting === undefined ? {} : { counting: runtime.counting };
  return { host: { ...report, facts, privileged: report.facts.privileged, tried, ...counting }, runtime };
}

/** Builds an image of a tree for a virtual machine. The builder runs in a sandbox, and is loaded only on demand. */
export async function makeImage(tree: Tree, mapped: boolean, { broker, signal }: PrepareOptions): Promise<TreeImage> {
  const { erofsOf } = await import("../images/erofs/erofs.js");
  const { owner } = tree;
  const user = owner !== null && "uid" in owner ? { uid: owner.uid, gid: owner.gid } : { uid: 0, gid: 0 };
  return await erofsOf(mapped ? tree : { ...tree, owner: null }, {
    user,
    stable: tree.kind === "directory" && tree.path === baseRootPath(),
    ...(broker === undefined ? {} : { broker }),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** Pulling and unpacking run in a sandbox, so their code is loaded only for a policy with an image. */
class ImageOpener implements InputSources {
  readonly baseRoot = baseRootPath();
  readonly #policy: ResolvedPolicy;
  readonly #options: PrepareOptions;
  /** The opened image, pinned. */
  opened: StoredImage | undefined;

  constructor(policy: ResolvedPolicy, options: PrepareOptions) {
    this.#policy = policy;
    this.#options = options;
  }

  async openImage(source: string): Promise<OpenedImage> {
    const { broker, images, signal } = this.#options;
    const { openImage } = await import("../images/open.js");
    const opened = await openImage(source, {
      ...images,
      verify: this.#policy.verify,
      ...(broker === undefined ? {} : { broker }),
      ...(signal === undefined ? {} : { signal }),
    });
    this.opened = opened;
    return opened;
  }
}

async function recall(policy: Policy, options: PrepareOptions): Promise<Ready | undefined> {
  const broker = Broker.present(options.broker);
  if (broker === undefined) return undefined;
  const found = remembered.get(broker)?.get(keyOf(policy));
  // Compare the objects too: different ones can have the same JSON (NaN and null, a Date and a string).
  const same = found !== undefined && found.until > now() && isDeepStrictEqual(found.policy, policy);
  if (!same) return undefined;
  const { ready } = found;
  if (ready.again === undefined) return ready;
  const pin = await ready.again(options.images ?? {});
  return pin === undefined ? undefined : { ...ready, pin };
}

function remember(policy: Policy, ready: Ready): void {
  const policies = remembered.get(ready.broker) ?? new Map<string, Remembered>();
  remembered.set(ready.broker, policies);
  if (policies.size >= MOST_REMEMBERED) {
    policies.clear();
  }
  const until = now() + REMEMBERED_MS;
  policies.set(keyOf(policy), { policy, ready, until });
}

/** A value without JSON is not a valid policy and is never remembered. */
function keyOf(policy: Policy): string {
  try {
    return JSON.stringify(policy) ?? "";
  } catch {
    return "";
  }
}

function namesHostTrees({ root, files }: ResolvedPolicy): boolean {
  return root.kind === "directory" || files.some((file) => file.kind === "host");
}

function namesNoHostFile({ root, files, syscalls }: ResolvedPolicy): boolean {
  // We can tell whether an image is unchanged, but not whether a directory is.
  const ownRoot = root.kind !== "directory";
  return ownRoot && syscalls.kind !== "file" && files.every((file) => file.kind === "tmpfs");
}

export function reportOf(broker: Broker): HostReport {
  const maxima = maximaOf(broker.limits);
  const report = reports.get(broker) ?? { ...hostReport(broker.facts), ...(maxima === undefined ? {} : { maxima }) };
  reports.set(broker, report);
  return report;
}
