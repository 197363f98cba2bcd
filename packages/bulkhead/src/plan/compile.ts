import type { EnforcementTable } from "../evidence/enforcement.js";
import type { HostReport } from "../host/report.js";
import type { Level } from "../policy/level.js";
import type { ResolvedPolicy } from "../policy/resolved.js";
import type { Inputs } from "./input-types.js";
import type { Plan } from "./schema.js";

export interface CompileOptions {
  /** Names the sandbox: `[a-z0-9][a-z0-9-]{7,39}`, made at random by the caller. */
  readonly id: string;
}

/** What a policy comes to on this host. */
export interface Compiled {
  readonly level: Level;
  readonly plan: Plan;
  readonly enforcement: EnforcementTable;
  readonly workload: Workload;
}

/** How to start what runs inside, unless one exec says otherwise. */
export interface Workload {
  /** The whole environment, nothing is added to it. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** What the image runs when no argv is given. */
  readonly argv: readonly string[];
  /** Null: no limit. Undefined: the policy does not say (`RUN_TIME_MS` for `run`, none for a `Sandbox`). */
  readonly timeMs: number | null | undefined;
  readonly outputBytes: number;
}

/**
 * Turns a policy into a plan and the table of what will be enforced. Pure: it looks at nothing but its arguments.
 * Throws LEVEL_UNAVAILABLE, REQUIREMENT_UNMET, MOUNT_OWNER_ROOT, MOUNT_OWNER_FOREIGN, POLICY_INVALID.
 */
export declare function compile(
  policy: ResolvedPolicy,
  host: HostReport,
  inputs: Inputs,
  options: CompileOptions,
): Compiled;
