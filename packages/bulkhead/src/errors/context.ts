/** What failed, as data: never recover it from the message. */
export interface ErrorContext {
  /** The syscall or step that was attempted. */
  readonly operation?: string;
  /** What it was attempted on. */
  readonly path?: string;
  readonly errno?: number;
  /** A field, a value or a bound. */
  readonly detail?: string;
  readonly cause?: unknown;
}
