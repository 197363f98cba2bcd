import type { EGRESS } from "../../contract/generated/plan-constants.js";
import type { Plan } from "../../plan/schema.js";

/** A virtual machine, from which the arguments of a monitor and its jail are computed. Plain data. */
export interface Machine {
  readonly kernel: string;
  readonly initramfs: string;
  /** Read-only disks, EROFS; the first is the root. */
  readonly images: readonly string[];
  readonly memoryMib: number;
  readonly cpus: number;
  readonly commandLine: string;
  /** The kernel finds its devices through ACPI; else on its command line. */
  readonly acpi: boolean;
  /** The sandbox's egress has a separate port. */
  readonly egress?: boolean;
}

/** Paths in a jail of the files that its monitor opens. */
export const KERNEL = "/vm/kernel";
export const INITRAMFS = "/vm/initramfs";
/** State that a restored machine resumes: a snapshot of a sandbox, or a machine that waits for its first order. */
export const SNAPSHOT = "/vm/snapshot" as const;
export const READY = "/vm/ready" as const;
/** Firecracker's snapshots are two files: devices, and memory. */
export const MEMORY = "/vm/memory";
/** The machine in the format of Firecracker's API; also for people who read the plan. */
export const DESCRIPTION = "/vm/machine.json";
export const IMAGE_PREFIX = "/vm/image-";
export const imageAt = (index: number): string => `${IMAGE_PREFIX}${index}`;

/** Connections besides the channel, by their names in plans. */
export const CONNECTIONS = ["control", "console", "monitor", "state"] as const;
export type ConnectionName = (typeof CONNECTIONS)[number];

/** Descriptors of a payload. The monitor's stderr goes to its guest's console: both tell why a boot failed. */
export const CHANNEL_FD = 3;
const FDS: Readonly<Record<ConnectionName | typeof EGRESS, number>> = {
  console: 2,
  control: 4,
  monitor: 5,
  state: 6,
  egress: 9,
};
export const RESTORE_FD = 7;

export function fdOf(name: keyof typeof FDS): number {
  return FDS[name];
}

/** Whether it resumes as a copy of another machine, in which a sandbox ran. */
export function isRestored({ mounts }: Plan): boolean {
  return mounts.some(({ at }) => at === SNAPSHOT);
}

/** Whether it resumes a machine that waits for its first order. */
export function startsReady({ mounts }: Plan): boolean {
  return mounts.some(({ at }) => at === READY);
}
