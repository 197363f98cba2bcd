import { BulkheadError } from "../errors/bulkhead-error.js";

/** What a function of the caller's threw becomes a BulkheadError that says which function it was, and has theirs as its cause. */
export function callbackFailed(operation: string, name: string, cause: unknown): BulkheadError {
  const detail = cause instanceof Error ? `${name}: ${cause.message}` : name;
  return new BulkheadError("CALLBACK_FAILED", { operation, detail, cause });
}

/** As {@link callbackFailed}, of a stream or iterator. */
export function streamFailed(operation: string, name: string, cause: unknown): BulkheadError {
  const detail = cause instanceof Error ? `${name}: ${cause.message}` : `${name}: ${String(cause)}`;
  return new BulkheadError("STREAM_FAILED", { operation, detail, cause });
}

/** Whether somebody must wait for it. A `then` that cannot be read is a failure of the caller's like any other. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/** What is told of progress, and when to give up. */
export interface Telling<Given extends readonly unknown[]> {
  /** Never throws: what tells may be deep inside of a stream. */
  readonly tell: (...given: Given) => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * Does something of which a function of the caller's is told. When that throws or rejects, `action` is aborted by its signal, and the promise
 * rejects with CALLBACK_FAILED; `undo` takes back what was done by then.
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
