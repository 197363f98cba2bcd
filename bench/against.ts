/** Compares this build with another one: the same subject of both, in turns. */

import { type Build, here, nameOf } from "./build.js";
import { egressPairs } from "./egress/groups.js";
import type { Group } from "./groups.js";
import { launchFrom } from "./images/launch.js";
import { bulkheadPull } from "./images/subjects.js";
import { microvm } from "./microvm/subjects.js";
import { inside } from "./steady/inside.js";
import { workloads } from "./steady/workloads.js";
import type { Absent, Subject } from "./subject.js";
import { bulkhead } from "./subjects/bulkhead.js";
import { commandLine, commandWithEgress, launcher } from "./subjects/commands.js";

interface Pair {
  readonly kind: string;
  /** The subject's name without its build. */
  readonly title: string;
  readonly subject: (build: Build) => Promise<Subject | Absent>;
  /** Run this once per so many runs of a launch. */
  readonly every?: number;
  readonly warmUp?: number;
}

const pairs: readonly Pair[] = [
  { kind: "launch", title: "bulkhead chroot", subject: (build) => bulkhead("chroot", build) },
  { kind: "launch", title: "bulkhead container", subject: (build) => bulkhead("container", build) },
  { kind: "command", title: "bulkhead run", subject: commandLine, every: 4 },
  { kind: "command", title: "./bulkhead run", subject: launcher, every: 4 },
  { kind: "egress", title: "bulkhead run --allow", subject: commandWithEgress, every: 4 },
  ...Object.entries(workloads).map(([name, script]) => ({
    kind: "steady",
    title: `container, ${name}`,
    subject: (build: Build) => inside(script, build, `container, ${name}`),
    every: 10,
  })),
  { kind: "images", title: "container, image", subject: (build) => launchFrom("image", build) },
  ...(["first", "cached"] as const).map((start) => ({
    kind: "images",
    title: `bulkhead pull, ${start}`,
    subject: (build: Build) => bulkheadPull(start, build),
    every: 40,
    warmUp: 1,
  })),
  { kind: "gvisor", title: "bulkhead gvisor", subject: (build) => bulkhead("gvisor", build), every: 5, warmUp: 3 },
  ...(["cold", "restored"] as const).map((start) => ({
    kind: "microvm",
    title: `bulkhead microvm, distribution kernel, ${start}`,
    subject: (build: Build) => microvm("distribution", start, build),
    every: 20,
    warmUp: 1,
  })),
  ...egressPairs.map((pair) => ({ ...pair, kind: "egress", every: 20 })),
];

/** `atMost`: the median of this build divided by the other's. */
export function againstBuild(other: Build, runs: number, atMost: number): readonly Group[] {
  return pairs.map(({ kind, title, subject, every = 1, warmUp }) => ({
    kind,
    title,
    subjects: [() => subject(other), () => subject(here)],
    runs: Math.max(5, Math.ceil(runs / every)),
    ...(warmUp === undefined ? {} : { warmUp }),
    promises: [{ subject: title, peer: nameOf(title, other), atMost }],
  }));
}
