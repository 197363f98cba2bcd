import { BulkheadError } from "../../../errors/bulkhead-error.js";
import type { Mount, Plan } from "../../../plan/schema.js";
import { memoryBeside } from "../firecracker/received.js";
import { MEMORY, READY, RESTORE_FD, SNAPSHOT } from "../machine.js";
import { monitorOf } from "../monitor-link.js";

/** Paths in a jail of the state that its monitor resumes from. */
const OF_COPIES: ReadonlySet<string> = new Set([SNAPSHOT, READY, MEMORY]);
/** The arguments that say where a machine's state comes from. */
const INCOMING = /^(-incoming|fd:\d+)$/;

export const isOfCopies = (at: string): boolean => OF_COPIES.has(at);

export function withoutIncoming(argv: readonly string[]): readonly string[] {
  return argv.filter((word) => !INCOMING.test(word));
}

/** The files that a machine of this plan is saved to; `file` is the first. */
export function filesOf(plan: Plan, file: string): readonly string[] {
  return monitorOf(plan) === "firecracker" ? [file, memoryBeside(file)] : [file];
}

/**
 * The same jail, whose monitor resumes from a file instead of booting; `at` names the machine's state in the file.
 * Pure.
 */
export function restoring(
  plan: Plan,
  { source, at }: { readonly source: string; readonly at: typeof SNAPSHOT | typeof READY },
): Plan {
  if (plan.payload.kind !== "program") throw new BulkheadError("SNAPSHOT_INVALID", { operation: "read plan" });
  const { argv, descriptors } = plan.payload;
  const [state = source, ...memory] = filesOf(plan, source);
  const mounts = [
    copy(state, at),
    ...memory.map((file) => copy(file, MEMORY)),
    ...plan.mounts.filter((mount) => !isOfCopies(mount.at)),
  ];
  // Firecracker gets it over its API.
  if (monitorOf(plan) === "firecracker") return { ...plan, mounts };
  return {
    ...plan,
    mounts,
    payload: {
      ...plan.payload,
      argv: [...withoutIncoming(argv), "-incoming", `fd:${RESTORE_FD}`],
      descriptors: [
        ...descriptors.filter(({ fd }) => fd !== RESTORE_FD),
        { kind: "open", fd: RESTORE_FD, path: at, write: false },
      ],
    },
  };
}

function copy(source: string, at: string): Mount {
  return { kind: "bind", source, at, readOnly: true, exec: false, owner: null };
}
