/** Why a connection ends that was allowed at first. Only its own text is ever shown, never that of another error. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  /** Null: not refused but failed. */
  readonly rule: string | null;
  /** HTTP status for the answer to the request. */
  readonly status: number;
  /** Whether it was refused; otherwise it failed. */
  readonly denies: boolean;

  constructor(
    reason: string,
    {
      rule = null,
      status = 403,
      denies = status < 500,
    }: { readonly rule?: string | null; readonly status?: number; readonly denies?: boolean } = {},
  ) {
    super(reason);
    this.rule = rule;
    this.status = status;
    this.denies = denies;
  }
}

/** The reason of an error, safe for a log and for the sandbox: text of other origin may contain anything. */
export function reasonOf(error: unknown): string {
  if (error instanceof Refusal) return error.message;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && /^[A-Z][A-Z0-9_]{1,40}$/.test(code) ? code : "it failed";
}

/** Whether the connection was refused; an unreachable host has refused nothing. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Refusal && error.denies;
}
