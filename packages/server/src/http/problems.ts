import { BulkheadError, type ErrorCode, errorRegistry } from "bulkhead";

/** An error as RFC 9457 has it, with Bulkhead's stable code. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly remedy: string;
  /** Id of the request, which the server's log has too. */
  readonly instance: string;
}

const STATUS: Readonly<Partial<Record<ErrorCode, number>>> = {
  TOKEN_REFUSED: 401,
  SCOPE_MISSING: 403,
  FLOOR_VIOLATED: 403,
  API_NOT_FOUND: 404,
  FILE_NOT_FOUND: 404,
  FILE_TOO_LARGE: 413,
  SANDBOX_CLOSED: 409,
  STREAM_FAILED: 409,
  IDEMPOTENCY_CONFLICT: 409,
  IDEMPOTENCY_UNKNOWN: 409,
  SERVER_HOST_REFUSED: 421,
  QUOTA_EXCEEDED: 429,
  TOO_MANY_OPERATIONS: 429,
  SERVER_STOPPING: 503,
  SANDBOX_LOST: 502,
  BROKER_LOST: 502,
};

const BY_FAULT = { user: 400, workload: 422, system: 500 } as const;

/**
 * Codes whose message a tenant may read: it holds what the tenant sent, or a path inside the sandbox. Other messages
 * may name the host's paths or what other tenants do, and are for the server's log alone.
 */
const OPEN: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...(["API_REQUEST_INVALID", "API_NOT_FOUND", "TOKEN_REFUSED", "SCOPE_MISSING", "FLOOR_VIOLATED"] as const),
  ...(["QUOTA_EXCEEDED", "IDEMPOTENCY_CONFLICT", "IDEMPOTENCY_UNKNOWN", "SANDBOX_CLOSED"] as const),
  ...(["POLICY_INVALID", "ARGUMENT_INVALID", "EXEC_NOT_FOUND", "EXEC_NOT_EXECUTABLE", "EXEC_FAILED"] as const),
  ...(["FILE_NOT_FOUND", "FILE_EXISTS", "FILE_TOO_LARGE", "REQUIREMENT_UNMET"] as const),
]);

/** A tenant's policy may have a problem in each of a hundred thousand fields. */
const MAX_DETAIL = 8 * 1024;

/** The answer to a request that failed. An error that is not Bulkhead's says nothing about itself. */
export function problemOf(error: unknown, instance: string): Problem {
  const known = error instanceof BulkheadError ? error : new BulkheadError("SERVER_FAILED");
  const { code, fault, remedy } = known;
  const { cause } = errorRegistry[code];
  return {
    type: `urn:bulkhead:error:${code}`,
    title: cause,
    status: STATUS[code] ?? BY_FAULT[fault],
    code,
    detail: OPEN.has(code) ? known.message.slice(0, MAX_DETAIL) : cause,
    remedy,
    instance,
  };
}
