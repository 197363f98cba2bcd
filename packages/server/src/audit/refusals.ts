import type { ErrorCode } from "bulkhead";
import type { AuditEvent } from "./chain.js";

/** Whose request was refused. */
export type Refused = Pick<AuditEvent, "project" | "token" | "address">;

/** Codes of requests that were denied, unlike those that are malformed or that failed. */
const DENIALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...(["TOKEN_REFUSED", "SCOPE_MISSING", "FLOOR_VIOLATED"] as const),
  ...(["QUOTA_EXCEEDED", "TOO_MANY_OPERATIONS", "SERVER_HOST_REFUSED"] as const),
]);

/** Whether a request with this outcome was denied. */
export function isDenial(code: ErrorCode): boolean {
  return DENIALS.has(code);
}

const FLUSH_MS = 60_000;
/** Lines of one minute; what goes beyond is counted without its token and address. */
const MAX_LINES = 1000;

/**
 * Counts requests that were refused before anything began: a line of the audit log for each token, address and code in
 * a minute. A line for each request would let anyone fill the disk.
 */
export class Refusals {
  readonly #append: (event: AuditEvent) => Promise<void>;
  readonly #counts = new Map<string, { readonly about: Refused; readonly code: ErrorCode; count: number }>();
  readonly #timer: NodeJS.Timeout;

  constructor(append: (event: AuditEvent) => Promise<void>, onError: (error: unknown) => void) {
    this.#append = append;
    this.#timer = setInterval(() => void this.flush().catch(onError), FLUSH_MS).unref();
  }

  count(refused: Refused, code: ErrorCode): void {
    const isFull = this.#counts.size >= MAX_LINES && !this.#counts.has(keyOf(refused, code));
    const about = isFull ? { project: null, token: null, address: null } : refused;
    const key = keyOf(about, code);
    const entry = this.#counts.get(key) ?? { about, code, count: 0 };
    entry.count += 1;
    this.#counts.set(key, entry);
  }

  /** Writes the lines of this minute. */
  async flush(): Promise<void> {
    const entries = [...this.#counts.values()];
    this.#counts.clear();
    for (const { about, code, count } of entries) {
      await this.#append({ ...about, action: "request.refuse", target: null, outcome: code, count });
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }
}

function keyOf({ project, token, address }: Refused, code: ErrorCode): string {
  return [code, project, token, address].join(" ");
}
