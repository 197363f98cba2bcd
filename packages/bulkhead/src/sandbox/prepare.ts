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
import { EGRESS } from "../plan/schema/payload.js";
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

/** Where sandboxes come from. */
export interface BrokerOptions {
  /** Path of a system broker's socket. Default: BULKHEAD_BROKER, or a private broker of this process. */
  readonly broker?: string;
}

/** What preparing a policy takes, apart from the policy. */
export interface PrepareOptions extends BrokerOptions {
  /** How the image that a policy names is had. */
  readonly images?: ImageOptions;
  /** Gives up pulling and unpacking one; the promise rejects with ABORTED. */
  readonly signal?: AbortSignal;
  /** Who is asked and told about egress, and how names are looked up; what is allowed is the policy's to say. */
  readonly egress?: EgressOptions;
  /** Changes the plan before it is launched, for sandboxes of Bulkhead's own: what they mount no policy can name. @internal */
  readonly amend?: (plan: Plan) => Plan;
  /** Makes the host's plan go on from something, in the place of a start of its own. @internal */
  readonly goOn?: (runtime: Runtime, plan: Plan) => Promise<Plan>;
}

/** A policy that is ready to be launched on this host. */
export interface Prepared {
  /** With the plan that the broker executes. */
  readonly compiled: Compiled;
  readonly driver: Driver;
  readonly host: HostReport;
  /** Of the broker's program. */
  readonly wardenVersion: string;
  /** Null: nothing goes out. */
  readonly egress: Gate | null;
  /** Where the workload has copies of writable host directories: what brings its changes to the host. Else null. */
  readonly writeBack: WriteBack | null;
  /** The workload's plan as it was compiled, before anything of one sandbox alone: what another compilation is compared with. */
  readonly compiledPlan: Plan;
  /** The sandbox has host directories as they were when it was launched. */
  readonly copiesHostFiles: boolean;
  /** Lets go of what is held for it, where it is not launched after all. */
  readonly discard: () => void;
}

/** A policy, compiled for what this broker can enforce. */
interface Ready {
  readonly broker: Broker;
  readonly runtime: Runtime;
  /** With the workload's plan. */
  readonly compiled: Compiled;
  readonly resolved: ResolvedPolicy;
  /** Keeps what the plan names in the store of images. */
  readonly pin?: Disposable | undefined;
  /** Keeps it once more; undefined when the image has to be opened anew. */
  readonly again?: ((images: ImageOptions) => Promise<Disposable | undefined>) | undefined;
}

/** A policy as it was when it was compiled. Policies are plain data that their owner may change in place. */
interface Remembered {
  readonly policy: Policy;
  readonly ready: Ready;
  readonly until: number;
}

/** How many policies are remembered for each broker: programs use few, but may make them from input. */
const MOST_REMEMBERED = 64;
/** Host files change owners, and directories become links: only policies that name none are remembered, and not for long. */
const REMEMBERED_MS = 2_000;

const remembered = new WeakMap<Broker, Map<string, Remembered>>();
const reports = new WeakMap<Broker, HostReport>();

/** Makes a policy, as it is now, ready to launch under an id of its own. @throws BulkheadError whatever parsing, compiling or the broker does */
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
        // Covered now, and of no use to a snapshot.
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

/** The plan that a policy comes to now, without anything of one sandbox alone; the image it names is opened if need be. @throws BulkheadError as {@link prepare} */
export async function planOfNow(policy: Policy, options: PrepareOptions): Promise<Plan> {
  const ready = (await recall(policy, options)) ?? (await compileFresh(policy, options));
  ready.pin?.[Symbol.dispose]();
  return ready.compiled.plan;
}

/** Where something has to be made for the sandbox first, which takes long, that comes before: the broker does not wait for ever for the rest. */
async function openGate({ broker, runtime, resolved, compiled }: Ready, id: string, options: PrepareOptions) {
  const { plan, bundles } = compiled;
  if (runtime.guest !== undefined) await hostPlanOf(runtime, plan, resolved.resources.diskBytes, undefined);
  const connection = () => broker.attached(id, EGRESS);
  return await openNetwork(resolved, plan.level, options.egress ?? {}, bundles, connection);
}

/** What looks at host directories and writes to them is loaded only where there is one to be written. */
async function writeBackOf(plan: Plan, diskBytes: number): Promise<WriteBack | null> {
  if (plan.mounts.every((mount) => mount.kind !== "bind" || mount.readOnly)) return null;
  const { WriteBack } = await import("./write-back/write-back.js");
  return await WriteBack.of(plan, diskBytes);
}

/** Where the policy asks for one, a profile made of it: in the kernel of this host as long as it is `held`, or for a guest's. */
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

/** Lets go of what is held when the sandbox has ended, or there never was one. */
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

/** What a policy comes to on a host, found out without starting anything. */
export interface Explanation {
  readonly level: Level;
  readonly plan: Plan;
  readonly enforcement: EnforcementTable;
  /** What the policy requires and this host cannot enforce: with any of it, nothing would be started. */
  readonly unmet: readonly Enforcement[];
  /** What of the image is left out, a line each. */
  readonly notes: readonly string[];
  /** Which defaults are above a maximum of the broker's owner, and what they are instead, a line each. */
  readonly lowered: readonly string[];
  /** What the broker's owner allows at most; null: the broker has no owner but its caller. */
  readonly maxima: BrokerLimits | null;
  /** Which read-only host files do not belong to the workload's user inside, and why, a line each. */
  readonly fileNotes: readonly string[];
  /** Bulkhead's own processes that parse what is hostile, as this process would start them. */
  readonly ownParts: readonly OwnPart[];
  /** Of `root: host`, what of /etc and /var/lib is not shown, and why, as a clause. Else empty. */
  readonly leftOut: readonly { readonly path: string; readonly why: string }[];
}

/** Tells what `policy` comes to here. @throws BulkheadError as `run` does before it launches, but for REQUIREMENT_UNMET */
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

/** The level that a policy comes to, whether or not this host has it. @throws BulkheadError POLICY_INVALID */
export function levelOf(policy: Policy): Level {
  requireArguments("levelOf", ["policy", policyArgument, policy]);
  return wantedLevel(parsePolicy(policy));
}

async function compileFresh(policy: Policy, options: PrepareOptions): Promise<Ready> {
  // A private broker starts meanwhile; why it could not is told where it is awaited.
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

/** The host, with what can be known of the level that the policy wants; programs that no policy asks for are not looked for. */
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

/** The image of a tree for a machine of its own. What makes one runs in a sandbox, and is loaded only when there is one to make. */
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

/** Images are pulled, and unpacked in a sandbox, so what reads them is loaded only when there is one. */
class ImageOpener implements InputSources {
  readonly baseRoot = baseRootPath();
  readonly #policy: ResolvedPolicy;
  readonly #options: PrepareOptions;
  /** The one that was, with a hold on it. */
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
  // Different objects can have the same JSON (NaN and null, a Date and a string).
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

/** What has no JSON is no valid policy, and never remembered. */
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
  // Whether an image is still the same can be told; whether a directory is, not.
  const ownRoot = root.kind !== "directory";
  return ownRoot && syscalls.kind !== "file" && files.every((file) => file.kind === "tmpfs");
}

export function reportOf(broker: Broker): HostReport {
  const maxima = maximaOf(broker.limits);
  const report = reports.get(broker) ?? { ...hostReport(broker.facts), ...(maxima === undefined ? {} : { maxima }) };
  reports.set(broker, report);
  return report;
}
