/** An answer of the server that is no success: the server's own code, message and remedy. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  /** Stable, as in the library's errors. */
  readonly code: string;
  readonly remedy: string;
  /** Id of the request in the server's log. */
  readonly instance: string;

  constructor(status: number, problem: Readonly<Record<string, unknown>>) {
    super(text(problem["detail"]) || `the server answered with status ${status}`);
    this.status = status;
    this.code = text(problem["code"]);
    this.remedy = text(problem["remedy"]);
    this.instance = text(problem["instance"]);
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
