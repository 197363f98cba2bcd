import type { ErrorContext } from "./context.js";
import { describe } from "./describe.js";
import { type ErrorCode, registry } from "./registry.js";

/** The same for every copy of the library in a process. */
const BRAND = Symbol.for("bulkhead.BulkheadError");

/** Every error that Bulkhead throws: a stable `code`, the cause with its context, and the remedy. */
export class BulkheadError extends Error {
  override readonly name = "BulkheadError";
  readonly code: ErrorCode;
  /**
   * Who can fix it. `user`: the caller; `system`: the host or Bulkhead itself failed; `workload`: the program inside.
   */
  readonly fault: "user" | "system" | "workload";
  readonly remedy: string;
  readonly operation: string | undefined;
  readonly path: string | undefined;
  readonly errno: number | undefined;
  readonly detail: string | undefined;

  constructor(code: ErrorCode, context: ErrorContext = {}) {
    const entry = registry[code];
    super(describe(entry.cause, context), context.cause === undefined ? undefined : { cause: context.cause });
    this.code = code;
    this.fault = entry.fault;
    this.remedy = entry.remedy;
    this.operation = context.operation;
    this.path = context.path;
    this.errno = context.errno;
    this.detail = context.detail;
    // Not enumerable, so it is not printed among the error's fields.
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** The error as plain data, without fields that do not apply. */
  toJSON(): Readonly<Record<string, unknown>> {
    const { code, fault, message, remedy, operation, path, errno, detail } = this;
    return { code, fault, message, remedy, operation, path, errno, detail };
  }
}

/**
 * `instanceof` also recognises errors of another copy of the library: a program may contain two, one through a
 * dependency. For a subclass it keeps its normal meaning.
 */
Object.defineProperty(BulkheadError, Symbol.hasInstance, {
  value(this: unknown, value: unknown): boolean {
    if (this !== BulkheadError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === "object" && value !== null && BRAND in value;
  },
});
