import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Level } from "../../policy/level.js";
import { parsePolicy } from "../../policy/parse.js";
import type { ResolvedPolicy } from "../../policy/resolved.js";
import { overlap } from "../file/writers.js";
import type { ComponentSpec, ServiceSpec } from "../model.js";
import { type Points, pointsOf } from "./points.js";

/** What an attacker who runs code in a component can reach. */
export interface Blast {
  readonly component: string;
  readonly level: Level;
  /** The root of its file system, such as `base`, `host` or an image's name. */
  readonly root: string;
  /** Host paths, and where they are inside. */
  readonly reads: readonly BlastPath[];
  readonly writes: readonly BlastPath[];
  /** Names of the secrets that it holds, or that its requests carry. */
  readonly secrets: readonly string[];
  /** Host files of those secrets that are files inside, without links. */
  readonly secretFiles: readonly { readonly name: string; readonly path: string }[];
  /** Other components, the nearest first. */
  readonly components: readonly ReachedComponent[];
  /** Components that read what it sends back or writes: it may attack them with its answers. */
  readonly answers: readonly string[];
  /** Hosts of the network that it may connect to, as the policy names them; `*` is every public host. */
  readonly hosts: readonly string[];
  /** Ports on this host that lead to it. */
  readonly ports: readonly string[];
  readonly kernel: KernelSurface;
  /** Compares two designs: the larger, the more an attacker gains. The parts add up to it. */
  readonly score: number;
  readonly points: Points;
}

export interface BlastPath {
  readonly path: string;
  readonly at: string;
}

export interface ReachedComponent {
  readonly name: string;
  /** 1: through a channel of its own. 2: only if it also takes over the one in between. */
  readonly distance: number;
  /** The way from the one before: an offer such as `api.http`, or a host path that both mount. */
  readonly by: string;
}

export interface KernelSurface {
  /** Whether its system calls reach the host's kernel directly. */
  readonly shared: boolean;
  readonly syscalls: string;
  readonly capabilities: readonly string[];
}

/** @throws BulkheadError COMPONENT_UNKNOWN */
export function blastOf(spec: ServiceSpec, name: string): Blast {
  const component = spec.components.find((one) => one.name === name);
  if (component === undefined) throw new BulkheadError("COMPONENT_UNKNOWN", { detail: name.slice(0, 64) });
  const policy = parsePolicy(component.policy);
  const reached = {
    component: name,
    level: component.level,
    root:
      policy.root.kind === "image"
        ? policy.root.source
        : policy.root.kind === "directory"
          ? policy.root.path
          : policy.root.kind,
    reads: component.mounts.map(({ path, at }) => ({ path, at })),
    writes: component.mounts.filter(({ writable }) => writable).map(({ path, at }) => ({ path, at })),
    secrets: [...component.secretFiles.map((one) => one.name), ...policy.secrets.map((one) => one.name)].sort(),
    secretFiles: component.secretFiles.map((one) => ({ name: one.name, path: one.leadsTo })),
    components: reachedFrom(spec, component),
    answers: answeredBy(spec, component),
    hosts: hostsOf(policy),
    ports: component.listen.map(({ address, port }) =>
      address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`,
    ),
    kernel: kernelOf(component.level, policy),
  };
  const points = pointsOf(reached);
  return { ...reached, points, score: Object.values(points).reduce((sum, one) => sum + one, 0) };
}

/** Breadth first, so that each component is found at its least distance. */
function reachedFrom(spec: ServiceSpec, start: ComponentSpec): readonly ReachedComponent[] {
  const found = new Map<string, ReachedComponent>();
  let edge: readonly ComponentSpec[] = [start];
  for (let distance = 1; edge.length > 0; distance++) {
    const next: ComponentSpec[] = [];
    for (const from of edge) {
      for (const { to, by } of waysFrom(spec, from)) {
        if (to === start.name || found.has(to)) continue;
        found.set(to, { name: to, distance, by });
        next.push(...spec.components.filter(({ name }) => name === to));
      }
    }
    edge = next;
  }
  return [...found.values()];
}

/** Channels that it opens, and host paths that it writes and another mounts. */
function waysFrom(spec: ServiceSpec, from: ComponentSpec): readonly { readonly to: string; readonly by: string }[] {
  const channels = spec.channels
    .filter(({ consumer }) => consumer === from.name)
    .map(({ provider, offer }) => ({ to: provider, by: `${provider}.${offer}` }));
  const written = from.mounts.filter(({ writable }) => writable);
  const files = spec.components
    .filter(({ name }) => name !== from.name)
    .flatMap(({ name, mounts }) =>
      mounts
        .filter(({ path }) => written.some((one) => overlap(one.path, path)))
        .map(({ path }) => ({ to: name, by: path })),
    );
  return [...channels, ...files];
}

function answeredBy(spec: ServiceSpec, { name }: ComponentSpec): readonly string[] {
  return [...new Set(spec.channels.filter(({ provider }) => provider === name).map(({ consumer }) => consumer))].sort();
}

function hostsOf({ network }: ResolvedPolicy): readonly string[] {
  if (network.kind === "none") return [];
  return network.kind === "full" ? ["*"] : network.allow.map(({ text }) => text);
}

function kernelOf(level: Level, { capabilities, syscalls }: ResolvedPolicy): KernelSurface {
  return {
    shared: level === "chroot" || level === "container",
    syscalls: syscalls.kind === "file" ? syscalls.path : syscalls.name,
    capabilities,
  };
}
