import type { PeerSurface } from "./peers.js";
import type { Inside } from "./report.js";
import type { Surface } from "./surface.js";

/** One line of the comparison, with a cell for each column. */
export interface SummaryRow {
  readonly what: string;
  /** Null: not measured. */
  readonly counts: readonly (number | null)[];
  /** Meaning of the numbers. */
  readonly why: string;
}

export interface SurfaceSummary {
  readonly columns: readonly string[];
  readonly rows: readonly SummaryRow[];
}

interface Column {
  readonly name: string;
  readonly inside: Inside | null;
  readonly host: Surface["host"];
}

interface Measure {
  readonly what: string;
  readonly why: string;
  readonly of: (column: Column) => number | null;
}

const INSIDE: readonly (readonly [string, string, (inside: Inside) => number])[] = [
  [
    "system calls that answer",
    "not EPERM, not ENOSYS: some kernel looked at the arguments",
    (at) => at.syscalls.reached.length,
  ],
  ["capabilities", "effective", (at) => at.capabilities.effective.length],
  [
    "capabilities within reach",
    "in the bounding set: a set-user-id program could give them",
    (at) => at.capabilities.bounding.length,
  ],
  [
    "devices that open",
    "in /dev, for reading or writing",
    (at) => at.devices.filter(({ read, write }) => read || write).length,
  ],
  ["ioctls that matter", "of eight that were ways out", (at) => at.ioctls.filter(({ reached }) => reached).length],
  ["files in /proc to read", "of the machine, not of processes", (at) => interfaces(at, /^\/proc/, "readable")],
  ["files in /sys to read", "each is a piece of kernel behind a name", (at) => interfaces(at, /^\/sys/, "readable")],
  ["files in /proc and /sys to write", "", (at) => interfaces(at, /^\//, "writable")],
  ["processes to be seen", "", (at) => at.identity.processes],
  ["places to write", "files and directories of the root", (at) => at.files.writable],
  ["set-id programs", "of the root, of the first 20,000 files", (at) => at.files.setid],
  [
    "namespaces to be made",
    "directly or through a user namespace",
    (at) => at.namespaces.filter(({ creatable, throughUser }) => creatable || throughUser).length,
  ],
  ["kinds of sockets", "of 21", (at) => at.sockets.filter(({ made }) => made).length],
];

const MEASURES: readonly Measure[] = [
  {
    what: "host kernel: reach",
    why: "system calls left to whatever runs in the sandbox or its jail, and host namespaces that it is in",
    of: ({ host }) => host?.total ?? null,
  },
  {
    what: "host kernel: calls of the workload",
    why: "of these, made by it with arguments of its own choice",
    of: ({ host }) => host?.own.length ?? null,
  },
  {
    what: "host kernel: calls of the wall",
    why: "of these, those of the process that answers the workload",
    of: ({ host }) => host?.wall?.calls.length ?? null,
  },
  {
    what: "host kernel: shared namespaces",
    why: "of the eight kinds",
    of: ({ host }) => host?.sharedNamespaces.length ?? null,
  },
  ...INSIDE.map(
    ([what, why, of]): Measure => ({ what, why, of: ({ inside }) => (inside === null ? null : of(inside)) }),
  ),
];

/** Levels and peers side by side, as numbers. Pure. */
export function summariseSurfaces(surfaces: readonly Surface[], peers: readonly PeerSurface[] = []): SurfaceSummary {
  const columns: readonly Column[] = [
    ...peers.map(({ peer, inside }) => ({ name: peer, inside, host: null })),
    ...surfaces.map(({ level, inside, host }) => ({ name: level, inside, host })),
  ].filter(({ inside }) => inside !== null);
  return {
    columns: columns.map(({ name }) => name),
    rows: MEASURES.map(({ what, why, of }) => ({ what, why, counts: columns.map(of) })),
  };
}

function interfaces({ interfaces: found }: Inside, within: RegExp, how: "readable" | "writable"): number {
  return found
    .filter(({ path }) => path.endsWith("/**") && within.test(path))
    .reduce((sum, each) => sum + each[how], 0);
}
