import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { ErrorContext } from "../../errors/context.js";

/** A failure of the registry or network that another try may avoid. Never leaves this folder. */
export class TransientFailure extends Error {
  override readonly name = "TransientFailure";
  readonly context: Pick<ErrorContext, "detail" | "errno">;
  /** When the registry wants the next try; the waiting code caps it. */
  readonly retryAfterMs: number | undefined;
  /** Nothing answered at all: without a network another try is useless. */
  readonly unreachable: boolean;

  constructor(
    context: Pick<ErrorContext, "detail" | "errno">,
    more: { readonly retryAfterMs?: number | undefined; readonly unreachable?: boolean; readonly cause?: unknown } = {},
  ) {
    super(context.detail, { cause: more.cause });
    this.context = context;
    this.retryAfterMs = more.retryAfterMs;
    this.unreachable = more.unreachable ?? false;
  }
}

/** The registry asked for something forbidden. `detail` names the rule. */
export function unsafe(detail: string, path: string): BulkheadError {
  return new BulkheadError("REGISTRY_UNSAFE", { operation: "talk to registry", path, detail });
}

/** A URL without its secrets: queries may contain signatures, and user names passwords. */
export function shown({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}

const AGAIN: ReadonlySet<string> = new Set(["ECONNRESET", "ECONNABORTED", "EPIPE", "ETIMEDOUT"]);
const UNREACHABLE: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENETDOWN",
  "EADDRNOTAVAIL",
  "EAI_AGAIN",
  "ENOTFOUND",
]);

/** Maps an error of Node's sockets. Uses only its codes and numbers, because its text may quote the request. */
export function networkFailure(error: unknown, url: URL): Error {
  if (error instanceof BulkheadError || error instanceof TransientFailure) return error;
  const code = codeOf(error);
  if (code === "ABORT_ERR" || (error instanceof DOMException && error.name === "AbortError"))
    return new BulkheadError("ABORTED", { operation: "pull", path: shown(url), cause: error });
  // If several addresses were tried, each has its own error.
  const first = error instanceof AggregateError ? error.errors[0] : error;
  const errno = first instanceof Error && "errno" in first && typeof first.errno === "number" ? first.errno : undefined;
  // Name resolution has numbers of its own, which are not errnos.
  const known = errno !== undefined && errno > -3000 ? { errno: -errno } : {};
  const context = { detail: code ?? "connection", ...known };
  if (code !== undefined && UNREACHABLE.has(code)) return new TransientFailure(context, { unreachable: true });
  if (code !== undefined && AGAIN.has(code)) return new TransientFailure(context);
  // The server's complaint about our certificate.
  if (code !== undefined && /^ERR_SSL_.*CERTIFICATE/.test(code)) {
    return new BulkheadError("REGISTRY_DENIED", {
      operation: "connect",
      path: shown(url),
      detail: "client certificate",
    });
  }
  if (code !== undefined && isUntrusted(code)) {
    return new BulkheadError("REGISTRY_UNTRUSTED", { operation: "connect", path: shown(url), detail: code });
  }
  return new BulkheadError("REGISTRY_UNAVAILABLE", { operation: "connect", path: shown(url), ...context });
}

/** OpenSSL's names for certificate errors (`X509_V_ERR_…`), as Node reports them. */
function isUntrusted(code: string): boolean {
  return /^UNABLE_TO_|CERT|_CRL_|ISSUER|SELF_SIGNED|^PATH_LENGTH|^HOSTNAME_MISMATCH|^INVALID_(CA|PURPOSE)/.test(code);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
