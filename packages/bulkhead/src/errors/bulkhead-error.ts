import type { ErrorContext } from "./context.js";
import { describe } from "./describe.js";
import { type ErrorCode, registry } from "./registry.js";

/** The same for every copy of the library in a process. */
const BRAND = Symbol.for("bulkhead.BulkheadError");

/** Every error that Bulkhead throws: a stable `code`, the cause with its context, and the remedy. */
export class BulkheadError extends Error {
  override readonly name = "BulkheadError";
  readonly code: ErrorCode;
  /** `user`: the caller can mend it; `system`: the host or Bulkhead itself failed; `workload`: what ran inside. */
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
    // Not listed among the fields of the error that people print.
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** The error as plain data; fields that do not apply are missing. */
  toJSON(): Readonly<Record<string, unknown>> {
    const { code, fault, message, remedy, operation, path, errno, detail } = this;
    return { code, fault, message, remedy, operation, path, errno, detail };
  }
}

/**
 * `instanceof` is true of errors of another copy of the library, too: a program may have two, one by way of a dependency. A class made of this one
 * is itself only.
 */
Object.defineProperty(BulkheadError, Symbol.hasInstance, {
  value(this: unknown, value: unknown): boolean {
    if (this !== BulkheadError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === "object" && value !== null && BRAND in value;
  },
});
