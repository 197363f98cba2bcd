import type { Measured } from "./measure.js";

/** A promise about performance: one median against another of the same run. docs/performance.md lists them all. */
export interface Promised {
  readonly subject: string;
  readonly peer: string;
  /** Maximum of one median divided by the other; or maximum difference in milliseconds. */
  readonly atMost: number;
  readonly unit?: "ms";
}

export const launchPromises: readonly Promised[] = [
  { subject: "bulkhead container", peer: "bubblewrap", atMost: 0.5 },
  { subject: "bulkhead container", peer: "runc", atMost: 0.1 },
  { subject: "bulkhead container", peer: "spawn", atMost: 2 },
];

/** Savings of a launch ahead: docs/performance.md. */
export const poolPromises: readonly Promised[] = [{ subject: "pool container", peer: "spawn", atMost: 0.6 }];

export const gvisorPromises: readonly Promised[] = [
  { subject: "bulkhead gvisor", peer: "runsc run, defaults", atMost: 1.15 },
];

/** Node 24 starts in a third of the time that Node 20 takes, so the same work is a larger part. */
const RUN_AT_MOST = Number(process.versions.node.split(".")[0]) < 24 ? 1.25 : 1.8;

export const commandPromises: readonly Promised[] = [
  { subject: "bulkhead run", peer: "node -e 0", atMost: RUN_AT_MOST },
  { subject: "bulkhead version", peer: "node -e 0", atMost: 1.2 },
  { subject: "bulkhead --help", peer: "node -e 0", atMost: 1.2 },
];

export const steadyPromises: readonly Promised[] = [{ subject: "container", peer: "outside", atMost: 1.03 }];

/** The cost of our own filter. The kernel adds the cost of any filter, and the table shows it. */
export const filterPromises: readonly Promised[] = [
  { subject: "default profile", peer: "no filter", atMost: 1.03 },
  { subject: "default profile", peer: "a filter of one instruction", atMost: 1.03 },
];

export const recordPromises: readonly Promised[] = [
  { subject: "with a record", peer: "bulkhead container", atMost: 1, unit: "ms" },
  { subject: "with a record in a file", peer: "bulkhead container", atMost: 1, unit: "ms" },
];

export const pullPromises = (start: "first" | "cached"): readonly Promised[] => [
  { subject: `bulkhead pull, ${start}`, peer: `skopeo + umoci, ${start}`, atMost: 1 },
];

export const imageLaunchPromises: readonly Promised[] = [
  { subject: "container, image", peer: "container, base", atMost: 1, unit: "ms" },
];

/**
 * The cost of jail, channel and supervisor on top of the monitor; and the savings of resuming a booted machine. The
 * aims in seconds are in docs/performance.md.
 */
export const microvmPromises: readonly Promised[] = [
  { subject: "bulkhead microvm, distribution kernel, cold", peer: "bare QEMU, distribution kernel", atMost: 1.5 },
  { subject: "bulkhead microvm, built kernel, cold", peer: "bare QEMU, built kernel", atMost: 1.5 },
  { subject: "bulkhead microvm, built kernel, restored", peer: "bulkhead microvm, built kernel, cold", atMost: 0.2 },
];

/** Half of the throughput is twice the time. */
export const egressPromises: readonly Promised[] = [{ subject: "through the channel", peer: "plain proxy", atMost: 2 }];

/** Components start side by side where nothing says otherwise. */
export const servicePromises: readonly Promised[] = [
  { subject: "up of ten, container", peer: "ten bare programs, one after another", atMost: 1.5 },
];

/** What HTTP, tokens, quotas and the audit log cost. */
export const serverPromises: readonly Promised[] = [
  { subject: "POST /v1/run, from a pool", peer: "the library's pool, and a bare request", atMost: 1.5 },
];

/** By group: 0.9 and 0.5 of the throughput, and the time of round trips. */
export const channelPromises: Readonly<Record<string, readonly Promised[]>> = {
  "256 MiB over a channel": [
    { subject: "between two of container", peer: "a Unix socket between two bare processes", atMost: 1.11 },
    { subject: "container to gvisor", peer: "a Unix socket between two bare processes", atMost: 2 },
  ],
  "5,000 round trips over a channel": [
    { subject: "between two of container", peer: "a Unix socket between two bare processes", atMost: 1.2 },
  ],
};

export interface Verdict extends Promised {
  /** Or difference. Null: one of the two was not measured. */
  readonly ratio: number | null;
  readonly kept: boolean | null;
}

export function judge(promises: readonly Promised[], measured: readonly Measured[]): readonly Verdict[] {
  const median = (name: string) => measured.find((each) => each.name === name)?.summary.medianMs;
  return promises.map((promise) => {
    const [subject, peer] = [median(promise.subject), median(promise.peer)];
    if (subject === undefined || peer === undefined) return { ...promise, ratio: null, kept: null };
    const ratio = promise.unit === "ms" ? subject - peer : subject / peer;
    return { ...promise, ratio, kept: ratio <= promise.atMost };
  });
}
