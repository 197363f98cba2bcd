import { type FileUse, type Observation, type Peer, USES } from "./observation.js";

/**
 * The kernel requests of several runs, and in how many runs each occurred. Plain data: it is stored, and added to
 * later.
 */
export interface Learned {
  readonly version: 1;
  readonly runs: number;
  /**
   * How many of them failed: the policy may then be too narrow for a run that succeeds. Absent in data of earlier
   * versions.
   */
  readonly failedRuns?: number;
  readonly syscalls: Readonly<Record<string, SyscallLearned>>;
  readonly files: Readonly<Record<string, FileLearned>>;
  readonly peers: readonly (Peer & { readonly runs: number })[];
  /** Connections through the network that the policy allows. Absent in data of earlier versions. */
  readonly egress?: readonly EgressLearned[];
  /** One of the runs did too much to record in full, so the policy may be too narrow. */
  readonly cutOff: boolean;
}

export interface EgressLearned {
  readonly host: string;
  readonly port: number;
  /** The rule of the policy that allowed it, as written. */
  readonly rule: string | null;
  readonly runs: number;
}

export interface SyscallLearned {
  readonly runs: number;
  readonly count: number;
  /** All observed values by argument, where the value determines the call's purpose. */
  readonly values: Readonly<Record<string, readonly number[]>>;
}

export interface FileLearned {
  readonly runs: number;
  readonly uses: readonly FileUse[];
  readonly kind: "file" | "directory" | "other" | "gone";
}

export const NOTHING_LEARNED: Learned = { version: 1, runs: 0, syscalls: {}, files: {}, peers: [], cutOff: false };

/** Adds one run. */
export function addRun(
  learned: Learned,
  observation: Observation,
  egress: readonly Omit<EgressLearned, "runs">[] = [],
  failed = false,
): Learned {
  const syscalls: Record<string, SyscallLearned> = { ...learned.syscalls };
  for (const { name, count, values = {} } of observation.syscalls) {
    const known = (Object.hasOwn(syscalls, name) ? syscalls[name] : undefined) ?? { runs: 0, count: 0, values: {} };
    const together: Record<string, readonly number[]> = { ...known.values };
    for (const [argument, seen] of Object.entries(values)) {
      together[argument] = [...new Set([...(together[argument] ?? []), ...seen])].sort((a, b) => a - b);
    }
    syscalls[name] = { runs: known.runs + 1, count: known.count + count, values: together };
  }
  const files: Record<string, FileLearned> = { ...learned.files };
  for (const { path, uses, kind } of observation.files) {
    const known = files[path];
    const all = new Set([...(known?.uses ?? []), ...uses]);
    files[path] = { runs: (known?.runs ?? 0) + 1, uses: USES.filter((use) => all.has(use)), kind };
  }
  const same = (a: Peer, b: Peer) =>
    a.call === b.call && a.family === b.family && a.address === b.address && a.port === b.port;
  const peers = learned.peers.map((peer) =>
    observation.peers.some((seen) => same(seen, peer)) ? { ...peer, runs: peer.runs + 1 } : peer,
  );
  const fresh = observation.peers.filter((seen) => !learned.peers.some((peer) => same(seen, peer)));
  return {
    version: 1,
    runs: learned.runs + 1,
    failedRuns: (learned.failedRuns ?? 0) + (failed ? 1 : 0),
    syscalls,
    files,
    peers: [...peers, ...fresh.map((peer) => ({ ...peer, runs: 1 }))],
    egress: addEgress(learned.egress ?? [], egress),
    cutOff: learned.cutOff || observation.cutOff,
  };
}

function addEgress(
  known: readonly EgressLearned[],
  seen: readonly Omit<EgressLearned, "runs">[],
): readonly EgressLearned[] {
  const key = ({ host, port, rule }: Omit<EgressLearned, "runs">) => JSON.stringify([host, port, rule]);
  const now = new Map(seen.map((each) => [key(each), each]));
  const again = known.map((each) => (now.has(key(each)) ? { ...each, runs: each.runs + 1 } : each));
  const old = new Set(known.map(key));
  return [...again, ...[...now].filter(([name]) => !old.has(name)).map(([, each]) => ({ ...each, runs: 1 }))];
}
