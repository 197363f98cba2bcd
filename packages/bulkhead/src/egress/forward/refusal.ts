/** Why a connection ends that was allowed at first. Only its own words are ever shown, never an error's of elsewhere. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  /** Null: nobody refused, it failed. */
  readonly rule: string | null;
  /** For the answer to a request that it is about. */
  readonly status: number;
  /** Whether it was refused; else it failed. */
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

/** The reason of an error, fit for a log and for the inside: what is not ours may hold anything. */
export function reasonOf(error: unknown): string {
  if (error instanceof Refusal) return error.message;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && /^[A-Z][A-Z0-9_]{1,40}$/.test(code) ? code : "it failed";
}

/** Whether somebody refused it; a host that cannot be reached has refused nothing. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Refusal && error.denies;
}
