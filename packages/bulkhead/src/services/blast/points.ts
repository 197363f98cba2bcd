import type { Level } from "../../policy/level.js";

/** How much each kind of reach adds to the score. */
export interface Points {
  readonly files: number;
  readonly secrets: number;
  readonly components: number;
  readonly network: number;
  readonly kernel: number;
}

const PER_SECRET = 10;
const PER_WRITE = 8;
const PER_READ = 2;
const HOST_ROOT = 3;
/** Of a component that a channel reaches; half of it for each further one in between. */
const PER_COMPONENT = 6;
const PER_HOST = 2;
const EVERY_HOST = 30;
const PER_CAPABILITY = 5;
const OWN_PROFILE = 5;

/** What taking over the program brings an attacker who knows an error in the kernel below it. */
const KERNEL: Readonly<Record<Level, number>> = { chroot: 14, container: 10, gvisor: 3, microvm: 2 };

interface Reach {
  readonly level: Level;
  readonly root: string;
  readonly reads: readonly unknown[];
  readonly writes: readonly unknown[];
  readonly secrets: readonly string[];
  readonly components: readonly { readonly distance: number }[];
  readonly hosts: readonly string[];
  readonly kernel: { readonly syscalls: string; readonly capabilities: readonly string[] };
}

/** The weights are a convention, for comparing two designs of one service; docs/services.md explains them. */
export function pointsOf(reach: Reach): Points {
  const { kernel, level } = reach;
  const everyHost = reach.hosts.some((host) => host.startsWith("*"));
  const components = reach.components.reduce((sum, { distance }) => sum + PER_COMPONENT / 2 ** (distance - 1), 0);
  const profile = kernel.syscalls === "default" ? 0 : kernel.syscalls === "strict" ? -KERNEL[level] / 2 : OWN_PROFILE;
  return {
    files: PER_WRITE * reach.writes.length + PER_READ * reach.reads.length + (reach.root === "host" ? HOST_ROOT : 0),
    secrets: PER_SECRET * reach.secrets.length,
    components: Math.round(components),
    network: everyHost ? EVERY_HOST : Math.min(EVERY_HOST, PER_HOST * reach.hosts.length),
    kernel: KERNEL[level] + PER_CAPABILITY * kernel.capabilities.length + profile,
  };
}
