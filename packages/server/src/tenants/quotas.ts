import { BulkheadError } from "bulkhead";
import * as z from "zod";

const GIB = 1024 ** 3;

/** What one project may use at the same time. */
export const quotaSchema = z.strictObject({
  /** Live sandboxes, those of `run` included. */
  sandboxes: z.int().min(0).max(100_000).default(32),
  /** The memory limits of all live sandboxes together. */
  memoryBytes: z
    .int()
    .min(0)
    .default(8 * GIB),
  /** Output, input and answers that the server holds in its memory, of all programs together. */
  outputBytes: z
    .int()
    .min(0)
    .default(GIB / 8),
  requestsPerSecond: z.number().min(0.1).max(100_000).default(200),
  /** Requests in progress: each holds a connection and a body. */
  requestsAtOnce: z.int().min(1).max(100_000).default(256),
});

export type QuotaLimits = z.output<typeof quotaSchema>;

export interface Use {
  sandboxes: number;
  memoryBytes: number;
  outputBytes: number;
  /** Requests that may come at once: a second's worth, refilled with time. */
  requests: number;
  countedAt: number;
  requestsAtOnce: number;
}

interface Subject {
  readonly id: string;
  readonly quotas: QuotaLimits;
}

/** Counts what projects use now. After a restart nothing is in use: the sandboxes are gone too. */
export class Quotas {
  readonly #uses = new Map<string, Use>();

  /** Counts a request. @throws BulkheadError QUOTA_EXCEEDED */
  request({ id, quotas }: Subject, now: number): void {
    const use = this.#use(id, quotas, now);
    const most = Math.max(1, quotas.requestsPerSecond);
    const earned = (Math.max(0, now - use.countedAt) / 1000) * quotas.requestsPerSecond;
    use.requests = Math.min(most, use.requests + earned);
    use.countedAt = now;
    if (use.requests < 1) throw exceeded("requestsPerSecond", quotas.requestsPerSecond);
    use.requests -= 1;
  }

  /** Counts a request in progress; the function returned ends it, once. @throws BulkheadError QUOTA_EXCEEDED */
  begin({ id, quotas }: Subject, now: number): () => void {
    const use = this.#use(id, quotas, now);
    if (use.requestsAtOnce + 1 > quotas.requestsAtOnce) throw exceeded("requestsAtOnce", quotas.requestsAtOnce);
    use.requestsAtOnce += 1;
    return once(() => {
      use.requestsAtOnce -= 1;
    });
  }

  /**
   * Reserves a sandbox before it starts; the function returned gives it back, once.
   * @throws BulkheadError QUOTA_EXCEEDED
   */
  reserve(subject: Subject, memoryBytes: number, now: number): () => void {
    return this.reserveSeveral(subject, 1, memoryBytes, now);
  }

  /** As `reserve`, for sandboxes that stand ready, each with this memory. @throws BulkheadError QUOTA_EXCEEDED */
  reserveSeveral({ id, quotas }: Subject, sandboxes: number, eachBytes: number, now: number): () => void {
    const use = this.#use(id, quotas, now);
    const memoryBytes = sandboxes * eachBytes;
    if (use.sandboxes + sandboxes > quotas.sandboxes) throw exceeded("sandboxes", quotas.sandboxes);
    if (use.memoryBytes + memoryBytes > quotas.memoryBytes) throw exceeded("memoryBytes", quotas.memoryBytes);
    use.sandboxes += sandboxes;
    use.memoryBytes += memoryBytes;
    return once(() => {
      use.sandboxes -= sandboxes;
      use.memoryBytes -= memoryBytes;
    });
  }

  /** Counts data that the server holds; a negative number gives it back. @throws BulkheadError QUOTA_EXCEEDED */
  hold({ id, quotas }: Subject, bytes: number): void {
    const use = this.#use(id, quotas, Date.now());
    if (bytes > 0 && use.outputBytes + bytes > quotas.outputBytes) throw exceeded("outputBytes", quotas.outputBytes);
    use.outputBytes += bytes;
  }

  /** What each project uses now. */
  get uses(): readonly (readonly [project: string, use: Readonly<Use>])[] {
    return [...this.#uses];
  }

  #use(id: string, quotas: QuotaLimits, now: number): Use {
    const use = this.#uses.get(id) ?? {
      sandboxes: 0,
      memoryBytes: 0,
      outputBytes: 0,
      requests: Math.max(1, quotas.requestsPerSecond),
      countedAt: now,
      requestsAtOnce: 0,
    };
    this.#uses.set(id, use);
    return use;
  }
}

function once(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) action();
    isDone = true;
  };
}

function exceeded(quota: string, limit: number): BulkheadError {
  return new BulkheadError("QUOTA_EXCEEDED", { detail: `${quota} is ${limit}` });
}
