import { readdirSync } from "node:fs";
import { processesWith, readKernelFile, residentBytes } from "../support/host.js";

/** What must not grow with the number of launches, by name. `rss` in bytes; the others are counts. */
export type Sizes = Readonly<Record<string, number>>;

/** Taken every so many launches. */
export interface Sample {
  readonly library: Sizes;
  readonly broker: Sizes | undefined;
}

export interface Growth {
  readonly process: "library" | "broker";
  readonly what: string;
  readonly early: number;
  readonly late: number;
}

/** Allocators keep some; a leak of a page for each of a thousand launches is more than this. */
const MOST_RSS = 1.3;
/** Sandboxes that happen to be alive at the moment of a sample. */
const MOST_MORE = 12;

export function isLeak({ what, early, late }: Growth): boolean {
  return what === "rss" ? late > early * MOST_RSS : late > early + MOST_MORE;
}

export function sizesOf(pid: number | "self"): Sizes {
  return { descriptors: listOf(`/proc/${pid}/fd`).length, rss: residentBytes(pid) };
}

/** Of the broker that serves now: the oldest process of the warden's name. Undefined while there is none. */
export function sizesOfBroker(warden: string, groups: number): Sizes | undefined {
  const pid = [...processesWith(warden)].sort((one, other) => one - other)[0];
  if (pid === undefined) return undefined;
  // The uid ranges that it holds are locked bytes of one file.
  const infos = listOf(`/proc/${pid}/fdinfo`).map((fd) => readKernelFile(`/proc/${pid}/fdinfo/${fd}`));
  const ranges = infos.join("\n").match(/^lock:/gm)?.length ?? 0;
  return { ...sizesOf(pid), ranges, groups };
}

function listOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** The median of the third that comes after the first sixth, beside that of the last third. */
export function growthOf(samples: readonly Sample[]): readonly Growth[] {
  const from = Math.floor(samples.length / 6);
  const third = Math.max(1, Math.floor(samples.length / 3));
  return (["library", "broker"] as const).flatMap((process) => {
    const all = samples.map((sample) => sample[process]).filter((sizes) => sizes !== undefined);
    if (all.length < 6) return [];
    return Object.keys(all[0] ?? {}).map((what) => {
      const values = all.map((sizes) => sizes[what] ?? 0);
      return { process, what, early: median(values.slice(from, from + third)), late: median(values.slice(-third)) };
    });
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}
