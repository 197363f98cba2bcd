/** Comparisons with peers, group by group: subjects of one group take turns. */

import { clients } from "./channels/programs.js";
import { bare, channel } from "./channels/subjects.js";
import { egressGroups } from "./egress/groups.js";
import { FILTERS, filtered, programs } from "./filter/filtered.js";
import { bareRunsc } from "./gvisor/bare.js";
import { launchFrom } from "./images/launch.js";
import { bulkheadPull, type Start, skopeoAndUmoci } from "./images/subjects.js";
import { bareQemu, microvm } from "./microvm/subjects.js";
import {
  channelPromises,
  commandPromises,
  egressPromises,
  filterPromises,
  gvisorPromises,
  imageLaunchPromises,
  launchPromises,
  microvmPromises,
  type Promised,
  poolPromises,
  pullPromises,
  recordPromises,
  serverPromises,
  servicePromises,
  steadyPromises,
} from "./promises.js";
import { COLD, inLibrary, overHttp, POOLED } from "./server/subjects.js";
import { bareInTurn, up } from "./services/subjects.js";
import { inside } from "./steady/inside.js";
import { outside } from "./steady/outside.js";
import { workloads } from "./steady/workloads.js";
import type { Prepare } from "./subject.js";
import { bulkhead } from "./subjects/bulkhead.js";
import { commandLine, launcher, nodeAlone, printed } from "./subjects/commands.js";
import { bareSpawn, bubblewrap, ociRuntime, sandboxRuntime } from "./subjects/peers.js";
import { pooled } from "./subjects/pooled.js";
import { recorded } from "./subjects/recorded.js";

export interface Group {
  readonly kind: string;
  readonly title: string;
  readonly subjects: readonly Prepare[];
  readonly runs: number;
  readonly warmUp?: number;
  readonly promises: readonly Promised[];
}

/** `runs`: of the fastest subject; slower ones run less often. */
export function besidePeers(runs: number): readonly Group[] {
  return [
    {
      kind: "launch",
      title: "launch to result of true",
      subjects: [
        bareSpawn,
        bubblewrap,
        () => ociRuntime("runc"),
        () => ociRuntime("crun"),
        () => bulkhead("chroot"),
        () => bulkhead("container"),
      ],
      runs,
      promises: launchPromises,
    },
    {
      kind: "pool",
      title: "result of true from a pool",
      subjects: [bareSpawn, () => pooled("chroot"), () => pooled("container"), () => pooled("gvisor")],
      runs,
      promises: poolPromises,
    },
    {
      kind: "command",
      title: "command line",
      subjects: [
        nodeAlone,
        () => commandLine(),
        () => launcher(),
        () => printed("version"),
        () => printed("--help"),
        sandboxRuntime,
      ],
      runs: Math.ceil(runs / 5),
      promises: commandPromises,
    },
    ...Object.entries(workloads).map(([title, script]) => ({
      kind: "steady",
      title,
      subjects: [() => outside(script), () => inside(script)],
      runs: Math.ceil(runs / 10),
      promises: steadyPromises,
    })),
    ...Object.entries(programs).map(([title, program]) => ({
      kind: "filter",
      title,
      subjects: (Object.keys(FILTERS) as (keyof typeof FILTERS)[]).map((name) => () => filtered(name, program)),
      runs: Math.ceil(runs / 5),
      promises: filterPromises,
    })),
    {
      kind: "record",
      title: "launch to result of true, with a signed record",
      subjects: [
        () => bulkhead("container"),
        () => recorded("with a record"),
        () => recorded("with a record in a file"),
      ],
      runs,
      promises: recordPromises,
    },
    {
      kind: "images",
      title: "launch from an image in the store",
      subjects: [() => launchFrom("base"), () => launchFrom("image")],
      runs,
      promises: imageLaunchPromises,
    },
    {
      kind: "gvisor",
      title: "gVisor: launch to result of true",
      subjects: [() => bareRunsc("defaults"), () => bareRunsc("options of the jail"), () => bulkhead("gvisor")],
      runs: Math.max(10, Math.ceil(runs / 4)),
      warmUp: 3,
      promises: gvisorPromises,
    },
    {
      kind: "microvm",
      title: "microVM: launch to result of true",
      subjects: [
        () => bareQemu("distribution"),
        () => bareQemu("built"),
        () => microvm("distribution", "cold"),
        () => microvm("built", "cold"),
        () => microvm("distribution", "restored"),
        () => microvm("built", "restored"),
      ],
      runs: Math.max(5, Math.ceil(runs / 20)),
      warmUp: 1,
      promises: microvmPromises,
    },
    ...(["first", "cached"] satisfies Start[]).map((start) => ({
      kind: "images",
      title: `pull and unpack Debian with Python, ${start}`,
      subjects: [() => skopeoAndUmoci(start), () => bulkheadPull(start)],
      runs: Math.max(3, Math.ceil(runs / 40)),
      warmUp: 1,
      promises: pullPromises(start),
    })),
    ...egressGroups.map((group) => ({
      ...group,
      kind: "egress",
      runs: Math.ceil(runs / 20),
      promises: egressPromises,
    })),
    ...Object.entries(clients).map(([title, client]) => ({
      kind: "channels",
      title,
      subjects: [
        () => bare(client),
        () => channel("container", "container", client),
        () => channel("container", "gvisor", client),
      ],
      runs: Math.ceil(runs / 20),
      warmUp: 2,
      promises: channelPromises[title] ?? [],
    })),
    {
      kind: "services",
      title: "until all of ten programs are ready",
      subjects: [bareInTurn, () => up("chroot"), () => up("container")],
      runs: Math.ceil(runs / 20),
      warmUp: 2,
      promises: servicePromises,
    },
    {
      kind: "server",
      title: "until the first byte of output",
      subjects: [inLibrary, () => overHttp(POOLED, 2), () => overHttp(COLD, 0)],
      runs: Math.ceil(runs / 2),
      promises: serverPromises,
    },
  ];
}
