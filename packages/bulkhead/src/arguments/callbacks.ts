import { BulkheadError } from "../errors/bulkhead-error.js";

/** The error for a callback that threw: names the callback, and has the thrown value as its cause. */
export function callbackFailed(operation: string, name: string, cause: unknown): BulkheadError {
  const detail = cause instanceof Error ? `${name}: ${cause.message}` : name;
  return new BulkheadError("CALLBACK_FAILED", { operation, detail, cause });
}

/** As {@link callbackFailed}, for a stream or iterator. */
export function streamFailed(operation: string, name: string, cause: unknown): BulkheadError {
  const detail = cause instanceof Error ? `${name}: ${cause.message}` : `${name}: ${String(cause)}`;
  return new BulkheadError("STREAM_FAILED", { operation, detail, cause });
}

/**
 * Whether a value must be awaited. A `then` that cannot be read counts as a failure of the caller's, like any other.
 */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/** Reports progress, and says when to stop. */
export interface Telling<Given extends readonly unknown[]> {
  /** Never throws: the code that reports may be deep inside a stream. */
  readonly tell: (...given: Given) => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * Runs an action that reports to a callback. If the callback throws or rejects, this aborts `action` through its signal
 * and rejects with CALLBACK_FAILED; `undo` reverts what was done by then.
 */
export async function whileTelling<Given extends readonly unknown[], Value>(
  { operation, name }: { readonly operation: string; readonly name: string },
  callback: ((...given: Given) => unknown) | undefined,
  signal: AbortSignal | undefined,
  action: (telling: Telling<Given>) => Promise<Value>,
  undo: (value: Value) => void = () => undefined,
): Promise<Value> {
  if (callback === undefined) return await action({ tell: () => undefined, signal });
  const abort = new AbortController();
  const failures: BulkheadError[] = [];
  const fail = (cause: unknown) => {
    failures.push(callbackFailed(operation, name, cause));
    abort.abort(cause);
  };
  const tell = (...given: Given) => {
    if (failures.length > 0) return;
    try {
      const said = callback(...given);
      if (isPromise(said)) said.then(undefined, fail);
    } catch (cause) {
      fail(cause);
    }
  };
  const both = signal === undefined ? abort.signal : AbortSignal.any([signal, abort.signal]);
  const value = await action({ tell, signal: both }).catch((error: unknown) => {
    throw failures[0] ?? error;
  });
  if (failures[0] === undefined) return value;
  undo(value);
  throw failures[0];
}
