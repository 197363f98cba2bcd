/** Who can mend it: the caller, whoever runs the host (or Bulkhead's authors), or the author of what ran inside. */
export type Fault = "user" | "system" | "workload";

/** What is said of an error code: why it happens, and what to do about it. */
export interface ErrorEntry {
  readonly fault: Fault;
  /** A clause without a full stop; the context of the one error is added to it. */
  readonly cause: string;
  /** What to do, as one or more sentences. */
  readonly remedy: string;
}

/** Lets a group of codes be checked for its shape and keep its names as a type. */
export function entries<Code extends string>(group: Readonly<Record<Code, ErrorEntry>>): typeof group {
  return group;
}
