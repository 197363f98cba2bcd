import type { Level } from "../policy/level.js";
import type { Filtered } from "./report.js";

/** How much of the host's kernel is within reach, read from outside. */
export interface HostReach {
  /**
   * System calls that some process of the sandbox may make of the host's kernel, for some arguments: of the workload itself where it shares
   * that kernel, else of everything in the jail that its wall runs in. That is what is left to somebody who has broken the wall.
   */
  readonly calls: readonly string[];
  /** Of these, what the workload itself makes with arguments of its own choice. */
  readonly own: readonly string[];
  /** Of these, what the one process that answers the workload may make: the Sentry, the virtual machine monitor. Null: there is none. */
  readonly wall: { readonly name: string; readonly calls: readonly string[] } | null;
  /** Namespaces of the host's that the sandbox is in. */
  readonly sharedNamespaces: readonly string[];
  readonly processes: readonly { readonly name: string; readonly filters: number; readonly calls: number }[];
  /** Calls and shared namespaces together: what levels are compared by. */
  readonly total: number;
}

/** Who answers the workload's system calls, by its own name, at levels where that is not the host's kernel. */
const WALLS: Readonly<Partial<Record<Level, RegExp>>> = {
  gvisor: /^runsc-sandbox$/,
  microvm: /(^|\/)(qemu-system-[a-z0-9_]+|firecracker)$/,
};

/** Sums up what the processes of one sandbox may ask. Pure. */
export function reachOf(
  level: Level,
  processes: readonly Filtered[],
  namespaces: Readonly<Record<string, "own" | "host">>,
): HostReach {
  const calls = union(processes);
  const wall = WALLS[level];
  const walls = wall === undefined ? [] : processes.filter(({ name }) => wall.test(name));
  const sharedNamespaces = Object.keys(namespaces).filter((name) => namespaces[name] === "host");
  return {
    calls,
    own: wall === undefined ? calls : [],
    wall: walls[0] === undefined ? null : { name: walls[0].name.replace(/^.*\//, ""), calls: union(walls) },
    sharedNamespaces,
    processes: processes.map((process) => ({
      name: process.traced === process.threads ? "(traced: answered by its tracer)" : process.name,
      filters: process.filters,
      calls: union([process]).length,
    })),
    total: calls.length + sharedNamespaces.length,
  };
}

function union(processes: readonly Filtered[]): readonly string[] {
  return [...new Set(processes.flatMap(({ allowed, conditional }) => [...allowed, ...conditional]))].sort();
}
