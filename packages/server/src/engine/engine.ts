import type { Explanation, Policy, RunOptions, RunResult, Sandbox, SandboxOptions } from "bulkhead";

/** A live sandbox, as far as the server uses it. */
export type EngineSandbox = Pick<Sandbox, "level" | "enforcement" | "ended" | "exec" | "stats" | "kill" | "close"> & {
  readonly files: Pick<Sandbox["files"], "readStream" | "write" | "list" | "stat" | "remove" | "mkdir">;
};

/**
 * Runs sandboxes: on this machine (`local.ts`), later on others. It gets policies that the floors of a project have
 * already bounded, and knows no tenants.
 */
export interface Engine {
  explain(policy: Policy): Promise<Explanation>;
  create(policy: Policy, options: SandboxOptions): Promise<EngineSandbox>;
  run(policy: Policy, argv: readonly string[], options: RunOptions): Promise<RunResult>;
}
