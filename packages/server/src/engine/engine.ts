import type { Explanation, Policy, Pool, PoolOptions, RunOptions, RunResult, Sandbox, SandboxOptions } from "bulkhead";

/** A live sandbox, as far as the server uses it. */
export type EngineSandbox = Pick<Sandbox, "level" | "enforcement" | "ended" | "exec" | "stats" | "kill" | "close"> & {
  readonly files: Pick<Sandbox["files"], "readStream" | "write" | "list" | "stat" | "remove" | "mkdir">;
};

/** Ready sandboxes of one policy. */
export type EnginePool = Pick<Pool, "run" | "stats" | "close">;

/**
 * Runs sandboxes: on this machine (`local.ts`), later on others. It gets policies that the floors of a project have
 * already bounded, and knows no tenants.
 */
export interface Engine {
  explain(policy: Policy): Promise<Explanation>;
  create(policy: Policy, options: SandboxOptions): Promise<EngineSandbox>;
  pool(policy: Policy, options: PoolOptions): Promise<EnginePool>;
  run(policy: Policy, argv: readonly string[], options: RunOptions): Promise<RunResult>;
}
