import { BulkheadError, type EgressOptions } from "bulkhead";
import type { AuditEvent } from "../audit/chain.js";
import type { AuditLog } from "../audit/log.js";
import type { Refusals } from "../audit/refusals.js";
import type { Engine } from "../engine/engine.js";
import type { Metrics } from "../metrics/metrics.js";
import type { Store } from "../store/store.js";
import type { Quotas } from "../tenants/quotas.js";
import type { Caller } from "../tenants/tokens.js";
import type { Templates } from "./templates.js";

/** What every operation works with. */
export interface Core {
  readonly store: Store;
  readonly engine: Engine;
  readonly audit: AuditLog;
  readonly refusals: Refusals;
  readonly quotas: Quotas;
  readonly metrics: Metrics;
  readonly templates: Templates;
  readonly work: Work;
  /** Failures that no request is there to hear of. */
  readonly onError: (error: unknown) => void;
}

/** Steps in progress: a server that stops waits for them, and begins no others. */
export class Work {
  readonly #steps = new Set<Promise<unknown>>();
  readonly #cut = new AbortController();
  #stopping = false;

  /** @throws BulkheadError SERVER_STOPPING */
  requireOpen(): void {
    if (this.#stopping) throw new BulkheadError("SERVER_STOPPING");
  }

  async during<Value>(step: Promise<Value>): Promise<Value> {
    this.#steps.add(step);
    try {
      return await step;
    } finally {
      this.#steps.delete(step);
    }
  }

  stop(): void {
    this.#stopping = true;
  }

  get isStopping(): boolean {
    return this.#stopping;
  }

  /** Aborted when the server no longer waits for steps in progress. */
  get cut(): AbortSignal {
    return this.#cut.signal;
  }

  abort(): void {
    this.#cut.abort();
  }

  /** Resolves when no step is left. */
  async settled(): Promise<void> {
    while (this.#steps.size > 0) await Promise.allSettled(this.#steps);
  }
}

/** Errors of steps that had begun: unlike a refusal, each may have had effects. */
const begun = new WeakSet<Error>();

export function hadBegun(error: unknown): boolean {
  return error instanceof Error && begun.has(error);
}

type Subject = Pick<AuditEvent, "action" | "target" | "level" | "policyDigest">;

/** Carries out a step between two lines of the audit log. Nothing begins that the log could not announce. */
export async function audited<Value>(
  core: Core,
  caller: Caller,
  subject: Subject,
  step: () => Promise<Value>,
): Promise<Value> {
  core.work.requireOpen();
  return await core.work.during(betweenLines(core, caller, subject, step));
}

async function betweenLines<Value>(
  { audit }: Core,
  { project, token, address }: Caller,
  subject: Subject,
  step: () => Promise<Value>,
): Promise<Value> {
  const about = { project: project.id, token, address, ...subject };
  await audit.append({ ...about, outcome: "begin" });
  try {
    return await concluded(audit, about, step);
  } catch (error) {
    // Also if the step succeeded, and only its last line could not be written.
    if (error instanceof Error) begun.add(error);
    throw error;
  }
}

async function concluded<Value>(
  audit: AuditLog,
  about: Omit<AuditEvent, "outcome">,
  step: () => Promise<Value>,
): Promise<Value> {
  let value: Value;
  try {
    value = await step();
  } catch (error) {
    await audit.append({ ...about, outcome: codeOf(error) });
    throw error;
  }
  await audit.append({ ...about, outcome: "ok" });
  return value;
}

/** Counts the connections of a project's sandboxes. */
export function egressOf({ metrics }: Core, project: string): EgressOptions {
  return { onEgressEvent: (event) => metrics.egress(project, event) };
}

export function codeOf(error: unknown): string {
  return error instanceof BulkheadError ? error.code : "SERVER_FAILED";
}
