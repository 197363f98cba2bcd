/** Details of a failure as data, so that no program needs to parse the message. */
export interface ErrorContext {
  /** The attempted syscall or step. */
  readonly operation?: string;
  /** Its object. */
  readonly path?: string;
  readonly errno?: number;
  /** A field, a value or a limit. */
  readonly detail?: string;
  readonly cause?: unknown;
}
