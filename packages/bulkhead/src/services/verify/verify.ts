import { BulkheadError } from "../../errors/bulkhead-error.js";
import { explain } from "../../sandbox/explain.js";
import type { PrepareOptions } from "../../sandbox/prepare/options.js";
import { liveOf, type Sandbox } from "../../sandbox/sandbox.js";
import { seenOutside } from "../../verify/outside.js";
import type { ComponentSpec, ServiceSpec } from "../model.js";
import type { ComponentStatus } from "../running/events.js";
import { Canary } from "./canary.js";
import type { ServiceVerification, TriedWay, VerifiedComponent, VerifiedPair } from "./contract.js";
import { type Outcome, type Prober, proberFor } from "./prober.js";
import { declaredBetween, sharedPaths, targetOf, type Way, waysBetween } from "./ways.js";

/** A component as its supervisor knows it. Without a sandbox it can reach nothing, and nothing can reach it. */
export interface Subject {
  readonly spec: ComponentSpec;
  readonly status: ComponentStatus;
  readonly sandbox: Sandbox | undefined;
}

/** A component that is tried. */
interface Running {
  readonly spec: ComponentSpec;
  readonly sandbox: Sandbox;
  readonly canary: Canary;
}

/** How a sandbox answers that has ended. */
const ENDED: ReadonlySet<string> = new Set(["SANDBOX_LOST", "SANDBOX_CLOSED"]);

/** From one component at once. */
const AT_ONCE = 8;

/**
 * Compares each sandbox of a running service with its enforcement table, and tries from inside each to reach every
 * other one beside the declared channels.
 * @throws BulkheadError SETUP_MISSING, and as `explain` does
 */
export async function verifyService(
  spec: ServiceSpec,
  subjects: readonly Subject[],
  options: PrepareOptions,
): Promise<ServiceVerification> {
  const running: Running[] = [];
  try {
    for (const { spec: own, sandbox } of subjects) {
      if (sandbox !== undefined) {
        running.push({ spec: own, sandbox, canary: await Canary.open(own, liveOf(sandbox)) });
      }
    }
    return await verified(spec, subjects, running, options);
  } finally {
    for (const { canary } of running) await canary[Symbol.asyncDispose]();
  }
}

async function verified(
  spec: ServiceSpec,
  subjects: readonly Subject[],
  running: readonly Running[],
  options: PrepareOptions,
): Promise<ServiceVerification> {
  const components: VerifiedComponent[] = [];
  const pairs: VerifiedPair[] = [];
  for (const { spec: own, status } of subjects) {
    const from = running.find((one) => one.spec === own);
    const tried = from === undefined ? undefined : await triedFrom(spec, from, running, options);
    const { name, level, state, sandbox } = status;
    const { protections, triedBy } = tried ?? { protections: [], triedBy: null };
    components.push({ name, level, state, sandbox: tried === undefined ? null : sandbox, protections, triedBy });
    pairs.push(...(tried?.pairs ?? []));
  }
  const passed = components.every(hasHeld) && pairs.every(({ status }) => status === "held");
  return { service: spec.name, passed, components, pairs };
}

/** One that does not run, and will not by itself, reaches nothing; one that is about to start was not tried. */
function hasHeld({ state, triedBy, protections }: VerifiedComponent): boolean {
  if (triedBy === null) return state === "finished" || state === "failed" || state === "stopped";
  return protections.every(({ status }) => status !== "failed");
}

/** Undefined if its sandbox has ended meanwhile. */
async function triedFrom(
  spec: ServiceSpec,
  from: Running,
  running: readonly Running[],
  options: PrepareOptions,
): Promise<
  (Pick<VerifiedComponent, "protections" | "triedBy"> & { readonly pairs: readonly VerifiedPair[] }) | undefined
> {
  try {
    const protections = await seenOutside(await explain(from.spec.policy, options), from.sandbox);
    await using prober = await proberFor(from.sandbox);
    const others = running.filter((one) => one !== from);
    return { protections, triedBy: prober.kind, pairs: await pairsFrom(spec, from, others, prober) };
  } catch (error) {
    if (error instanceof BulkheadError && ENDED.has(error.code)) return undefined;
    throw error;
  }
}

/** One component after another makes attempts, so that a connection that arrives has one origin. */
async function pairsFrom(
  spec: ServiceSpec,
  from: Running,
  others: readonly Running[],
  prober: Prober,
): Promise<readonly VerifiedPair[]> {
  const before = others.map(({ canary }) => canary.arrived);
  const attempts = others.flatMap((to) => waysBetween(spec, from.spec, to.spec, to.canary).map((way) => ({ to, way })));
  const outcomes = new Map<Way, Outcome>();
  const waiting = attempts.values();
  const worker = async () => {
    for (const { way } of waiting) outcomes.set(way, await made(prober, way));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  // A connection that arrived is reported before the answer to a later request.
  for (const { sandbox } of others) await sandbox.files.stat("/").catch(() => undefined);
  return others.map((to, index) => {
    const now = to.canary.arrived;
    const arrived = { port: now.port > (before[index]?.port ?? 0), socket: now.socket > (before[index]?.socket ?? 0) };
    const own = attempts.filter((one) => one.to === to).map(({ way }) => ({ way, outcome: outcomes.get(way) }));
    const isShared = sharedPaths(from.spec, to.spec).length > 0;
    const ways = own.map(({ way, outcome }) => {
      const failed = own.some((one) => isCanaryOf(kindOf(way), one.way) && one.outcome?.connected === false);
      // A name that the policy does not give is in no table of the component, so no server of its own has it.
      const isSeparate = failed && (way.by !== "name" || Object.hasOwn(from.spec.policy.hosts ?? {}, to.spec.name));
      return judged(way, outcome, { arrived: arrived[kindOf(way)], isSeparate, isShared });
    });
    const declared = declaredBetween(spec, from.spec, to.spec);
    return { from: from.spec.name, to: to.spec.name, declared, status: statusOf(ways), ways };
  });
}

type Kind = "port" | "socket";

function kindOf({ by }: Pick<Way, "by">): Kind {
  return by === "socket" ? "socket" : "port";
}

/** The attempt at the listener of this verification that an attempt at an offer is compared with. */
function isCanaryOf(kind: Kind, { by, offer }: Way): boolean {
  return offer === null && by === kind;
}

async function made(prober: Prober, way: Way): Promise<Outcome> {
  return "path" in way ? await prober.unix(way.path) : await prober.tcp(way.host, way.port);
}

interface Seen {
  /** A connection came to the listener of this verification that attempts of this kind go to. */
  readonly arrived: boolean;
  /** The attempt at that listener failed, so the place where the offer is belongs to the component itself. */
  readonly isSeparate: boolean;
  /** Both components mount one host path. */
  readonly isShared: boolean;
}

/** What arrived at the listeners of this verification decides; the report from inside can only make it worse. */
function judged(way: Way, outcome: Outcome | undefined, { arrived, isSeparate, isShared }: Seen): TriedWay {
  const { by, offer } = way;
  const { connected, detail } = outcome ?? { connected: null, detail: "" };
  const about = { by, offer, target: targetOf(way) };
  const status = isShared && by === "socket" ? "declared" : "reached";
  if (offer === null && arrived) return { ...about, status, detail: "a connection arrived" };
  if (connected !== true) return { ...about, status: connected === null ? "untried" : "held", detail };
  // Loopback and paths are separate, as the listener showed: what answers is the component's own server.
  return offer !== null && isSeparate && !arrived
    ? { ...about, status: "held", detail: "a server of its own answers there" }
    : { ...about, status, detail };
}

/** A pair of which no way could be tried is not one that held. One that has none offers nothing and cannot listen. */
function statusOf(ways: readonly TriedWay[]): VerifiedPair["status"] {
  if (ways.some(({ status }) => status === "reached")) return "reached";
  return ways.length > 0 && ways.every(({ status }) => status === "untried") ? "untried" : "held";
}
