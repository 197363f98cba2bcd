import type { Socket } from "node:net";
import { MAX_CONTENT_BYTES } from "../contract/generated/plan-constants.js";
import type { Gate } from "../egress/client/gate.js";
import type { Handed } from "../egress/handed.js";
import type { EgressOptions } from "../egress/options.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import type { CaBundles } from "../plan/compile/own-files.js";
import type { Mount, Plan } from "../plan/schema.js";
import type { Level } from "../policy/level.js";
import { rulesFor } from "../policy/network/full.js";
import { parsePolicy } from "../policy/parse.js";
import type { ResolvedPolicy } from "../policy/resolved.js";
import type { Policy } from "../policy/schema.js";
import { filesOf } from "../session/files/files.js";
import type { Live } from "../session/live.js";
import { after, type Timer } from "../session/timer.js";

/** The part of a policy that can change while a sandbox runs. */
export type NetworkPolicy = NonNullable<Policy["network"]>;

/**
 * Opens the egress that a policy allows; null if it allows none. Loaded on demand, because most sandboxes have none.
 */
export async function openNetwork(
  { network, secrets }: ResolvedPolicy,
  level: Level,
  options: EgressOptions,
  bundles: readonly string[],
  connection: () => Promise<Socket>,
): Promise<Gate | null> {
  const rules = rulesFor(network);
  if (rules === null) return null;
  const { Gate } = await import("../egress/client/gate.js");
  return await Gate.open({ level, rules, secrets, options, bundles }, connection);
}

/** Adds the egress variables to a workload's environment. Variables that the policy sets stay. */
export function withEgress(
  env: Readonly<Record<string, string>>,
  egress: Handed | null,
  policy: Pick<ResolvedPolicy, "env">,
): Readonly<Record<string, string>> {
  return egress === null ? env : { ...env, ...egress.env, ...policy.env };
}

/** How long the proxies may take to listen in a running sandbox. */
const LISTEN_MS = 60_000;

/** Total bytes of a plan's CA bundles: a root has one, rarely two. */
const ROOM_FOR_BUNDLES = 512 * 1024;

/**
 * Fills the slots for CA bundles in a plan with the bundle for the workload. If the plan would become too large, the
 * root keeps its own bundles: a program that ignores the variables then does not trust our CA, and its connection
 * fails.
 */
export function withBundle(plan: Plan, { slots }: CaBundles, egress: Pick<Handed, "bundle"> | null): Plan {
  const content = egress?.bundle?.content;
  if (content === undefined) return plan;
  const bytes = Buffer.byteLength(content);
  let room = bytes > MAX_CONTENT_BYTES ? 0 : Math.floor(ROOM_FOR_BUNDLES / bytes);
  const mounts = plan.mounts.flatMap((mount): readonly Mount[] => {
    if (mount.kind !== "file" || !slots.includes(mount.at)) return [mount];
    room -= 1;
    return room < 0 ? [] : [{ ...mount, content }];
  });
  return { ...plan, mounts };
}

/**
 * Waits until the proxies listen inside a new sandbox; the caller may then start a program. If they do not listen, or
 * the gate ends, this kills the sandbox, and every later operation fails with that reason.
 */
export async function connectNetwork(live: Live, gate: Gate): Promise<void> {
  // A failed hook counts as a refusal; the failure itself is also reported.
  gate.faults.whenFirst((error) => live.kill(error));
  if (gate.isObserved) live.flush = () => gate.flush();
  gate.whenLost((error) => live.kill(error));
  const closed = new Promise<never>((_resolve, reject) => live.whenClosed((why) => reject(why())));
  closed.catch(() => undefined);
  const timer = listenInTime(live);
  try {
    await Promise.race([gate.listening(), closed]);
  } catch (error) {
    if (error instanceof BulkheadError) live.kill(error);
    throw error;
  } finally {
    timer.stop();
  }
  if (gate.bundle === null) return;
  const { at, content } = gate.bundle;
  await filesOf(live).write(at, content, { mode: 0o644 });
}

/** A booting machine has its own time limit; from then on init only has to listen. */
function listenInTime(live: Live): { stop(): void } {
  let timer: Timer | undefined;
  let stopped = false;
  const late = () =>
    live.kill(new BulkheadError("LISTEN_FAILED", { operation: "listen", detail: "no answer in time" }));
  live.running.launched.then(
    () => {
      if (!stopped) timer = after(LISTEN_MS, late);
    },
    () => undefined,
  );
  return {
    stop: () => {
      stopped = true;
      timer?.stop();
    },
  };
}

/** Replaces the rules of a sandbox that has egress; resolves when the new rules are in force. */
export function changeNetwork(gate: Gate | null, network: NetworkPolicy): Promise<void> {
  const rules = rulesFor(parsePolicy({ network }).network);
  if (gate === null) {
    if (rules === null) return Promise.resolve();
    throw new BulkheadError("NETWORK_FIXED", { operation: "setNetwork" });
  }
  return gate.change(rules ?? NOTHING);
}

const NOTHING = {
  allow: [],
  deny: [],
  limits: { connections: 1, bytesPerSecond: null, bytes: null, idleMs: 1_000 },
} as const;
