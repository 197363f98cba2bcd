/**
 * Who can fix the problem: the caller, the host's administrator (or Bulkhead's authors), or the author of the workload.
 */
export type Fault = "user" | "system" | "workload";

/** Cause and remedy of an error code. */
export interface ErrorEntry {
  readonly fault: Fault;
  /** A clause without a full stop; the error's own context is appended to it. */
  readonly cause: string;
  /** An instruction, as one or more sentences. */
  readonly remedy: string;
}

/** Checks the shape of a group of codes and keeps their names as a type. */
export function entries<Code extends string>(group: Readonly<Record<Code, ErrorEntry>>): typeof group {
  return group;
}
