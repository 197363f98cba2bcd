import type { Level, Policy } from "bulkhead";
import { runStreamed } from "./program.js";
import type { RemoteExecOptions, RemoteRunResult } from "./results.js";
import { RemoteSandbox } from "./sandbox.js";
import { Transport } from "./transport.js";

export interface ClientOptions {
  /** Such as `http://127.0.0.1:8420`. */
  readonly url: string;
  readonly token: string;
}

/** A policy, or the name of one of the operator's templates instead. */
interface TemplateOption {
  readonly template?: string;
}

export interface RemoteRunOptions extends Omit<RemoteExecOptions, "timeoutMs">, TemplateOption {}

export interface RemoteSandboxOptions extends TemplateOption {
  /** Milliseconds until the server ends the sandbox. Default: 10 minutes. */
  readonly ttlMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * A server. A program moves to it from its own machine by one line:
 *
 * ```ts
 * const { run, Sandbox } = new Bulkhead({ url, token }); // was: import { run, Sandbox } from "bulkhead";
 * ```
 */
export class Bulkhead {
  /** As the library's `run`. @throws ApiError */
  readonly run: (argv: readonly string[], policy?: Policy, options?: RemoteRunOptions) => Promise<RemoteRunResult>;
  /** `Sandbox.create`, as the library's. @throws ApiError */
  readonly Sandbox: {
    create(policy?: Policy, options?: RemoteSandboxOptions): Promise<RemoteSandbox>;
    /** A sandbox that another process, or another connection, created. Sends nothing. */
    attach(made: Pick<RemoteSandbox, "id" | "level">): RemoteSandbox;
  };

  constructor({ url, token }: ClientOptions) {
    const transport = new Transport(url, token);
    this.run = async (argv, policy, { template, ...options } = {}) =>
      await runStreamed(transport, "/v1/run", { ...chosen(policy, template), argv }, options);
    this.Sandbox = {
      create: async (policy, { template, ttlMs, signal } = {}) => {
        const json = { ...chosen(policy, template), ttlMs };
        const made = await transport.json<{ id: string; level: Level }>("POST", "/v1/sandboxes", { json, signal });
        return new RemoteSandbox(transport, made);
      },
      attach: (made) => new RemoteSandbox(transport, made),
    };
  }
}

function chosen(policy: Policy | undefined, template: string | undefined) {
  return { ...(policy === undefined ? {} : { policy }), ...(template === undefined ? {} : { template }) };
}
