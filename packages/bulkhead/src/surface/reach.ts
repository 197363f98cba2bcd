import type { Level } from "../policy/level.js";
import type { Filtered } from "./report.js";

/** How much of the host's kernel is reachable, read from outside. */
export interface HostReach {
  /**
   * Host system calls that any process of the sandbox may make, for some arguments: by the workload itself if it shares
   * that kernel, else by everything in the jail of its wall. These remain available to an attacker who has broken the
   * wall.
   */
  readonly calls: readonly string[];
  /** Those that the workload itself makes, with arguments of its own choice. */
  readonly own: readonly string[];
  /**
   * Those that the process that serves the workload may make: the Sentry, the virtual machine monitor. Null if there is
   * none.
   */
  readonly wall: { readonly name: string; readonly calls: readonly string[] } | null;
  /** Host namespaces that the sandbox is in. */
  readonly sharedNamespaces: readonly string[];
  readonly processes: readonly { readonly name: string; readonly filters: number; readonly calls: number }[];
  /** Calls and shared namespaces together: the number that levels are compared by. */
  readonly total: number;
}

/** Name of the process that serves the workload's system calls, at levels where that is not the host's kernel. */
const WALLS: Readonly<Partial<Record<Level, RegExp>>> = {
  gvisor: /^runsc-sandbox$/,
  microvm: /(^|\/)(qemu-system-[a-z0-9_]+|firecracker)$/,
};

/** Sums up the calls available to a sandbox's processes. Pure. */
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
