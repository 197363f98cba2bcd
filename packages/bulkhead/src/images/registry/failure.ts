import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { ErrorContext } from "../../errors/context.js";

/** What a registry or the network did that may go better the next time. Never leaves this folder. */
export class TransientFailure extends Error {
  override readonly name = "TransientFailure";
  readonly context: Pick<ErrorContext, "detail" | "errno">;
  /** When the registry wants to be asked again; what it says is capped by whoever waits. */
  readonly retryAfterMs: number | undefined;
  /** Nobody answered at all: without a network there is no use in asking again. */
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

/** The registry asked for what must not be done. `detail` is the rule. */
export function unsafe(detail: string, path: string): BulkheadError {
  return new BulkheadError("REGISTRY_UNSAFE", { operation: "talk to registry", path, detail });
}

/**
 * A URL as it may be shown: queries hold signatures, and user names hold passwords.
 */
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

/** What an error of Node's sockets comes to. Names and numbers are taken, sentences are not: they may quote what was sent. */
export function networkFailure(error: unknown, url: URL): Error {
  if (error instanceof BulkheadError || error instanceof TransientFailure) return error;
  const code = codeOf(error);
  if (code === "ABORT_ERR" || (error instanceof DOMException && error.name === "AbortError"))
    return new BulkheadError("ABORTED", { operation: "pull", path: shown(url), cause: error });
  // Of several addresses that were tried each has its error.
  const first = error instanceof AggregateError ? error.errors[0] : error;
  const errno = first instanceof Error && "errno" in first && typeof first.errno === "number" ? first.errno : undefined;
  // Name resolution has numbers of its own, which are no errnos.
  const known = errno !== undefined && errno > -3000 ? { errno: -errno } : {};
  const context = { detail: code ?? "connection", ...known };
  if (code !== undefined && UNREACHABLE.has(code)) return new TransientFailure(context, { unreachable: true });
  if (code !== undefined && AGAIN.has(code)) return new TransientFailure(context);
  // A server's words about ours.
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

/** OpenSSL's names of what is wrong with a certificate (`X509_V_ERR_…`), as Node tells them. */
function isUntrusted(code: string): boolean {
  return /^UNABLE_TO_|CERT|_CRL_|ISSUER|SELF_SIGNED|^PATH_LENGTH|^HOSTNAME_MISMATCH|^INVALID_(CA|PURPOSE)/.test(code);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
