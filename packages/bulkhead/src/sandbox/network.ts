import type { Socket } from "node:net";
import type { Gate } from "../egress/client/gate.js";
import type { Handed } from "../egress/handed.js";
import type { EgressOptions } from "../egress/options.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { BUNDLE_TO_COME } from "../plan/compile/own-files.js";
import { LARGEST_CONTENT } from "../plan/schema/text.js";
import type { Mount, Plan } from "../plan/schema.js";
import type { Level } from "../policy/level.js";
import { rulesFor } from "../policy/network/full.js";
import { parsePolicy } from "../policy/parse.js";
import type { ResolvedPolicy } from "../policy/resolved.js";
import type { Policy } from "../policy/schema.js";
import { Files } from "./files/files.js";
import type { Live } from "./live.js";
import { after, type Timer } from "./timer.js";

/** What may be changed while a sandbox runs. */
export type NetworkPolicy = NonNullable<Policy["network"]>;

/** Makes the way out that a policy allows; null: there is none. Loaded only then: most sandboxes have none. */
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

/** The variables of a workload with egress. What a policy sets by itself stays. */
export function withEgress(
  env: Readonly<Record<string, string>>,
  egress: Handed | null,
  policy: Pick<ResolvedPolicy, "env">,
): Readonly<Record<string, string>> {
  return egress === null ? env : { ...env, ...egress.env, ...policy.env };
}

/** How long proxies may take to listen inside a sandbox that runs. */
const LISTEN_MS = 60_000;

/** What the bundles of a plan may have together: a root has one, rarely two. */
const ROOM_FOR_BUNDLES = 512 * 1024;

/**
 * A plan whose covers of the root's bundles hold what the workload is to trust. One that would be too large for a plan is left as the root has it: a
 * program that heeds no variable then trusts nobody of ours, and its connection fails.
 */
export function withBundle(plan: Plan, egress: Pick<Handed, "bundle"> | null): Plan {
  const content = egress?.bundle?.content;
  if (content === undefined) return plan;
  const bytes = Buffer.byteLength(content);
  let room = bytes > LARGEST_CONTENT ? 0 : Math.floor(ROOM_FOR_BUNDLES / bytes);
  const mounts = plan.mounts.flatMap((mount): readonly Mount[] => {
    if (mount.kind !== "file" || mount.content !== BUNDLE_TO_COME) return [mount];
    room -= 1;
    return room < 0 ? [] : [{ ...mount, content }];
  });
  return { ...plan, mounts };
}

/**
 * Waits until the proxies listen inside a new sandbox: then the caller may start a program. When they do not listen, or the gate ends, this kills the
 * sandbox, and whatever the caller asks of it fails with that reason.
 */
export async function connectNetwork(live: Live, gate: Gate): Promise<void> {
  // A hook that fails has refused; that it fails is not passed over.
  gate.faults.whenFirst((error) => live.kill(error));
  live.flush = () => gate.flush();
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
  await new Files(live).write(at, content, { mode: 0o644 });
}

/** A machine that boots has its own time; from then on init has only to listen. */
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

/** Puts another policy's rules in force in a sandbox that has egress already; resolves when they are. */
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
