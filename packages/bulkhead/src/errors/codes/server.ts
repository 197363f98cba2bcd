import { entries } from "../entry.js";

/** `bulkhead serve`: its start, its state, and refusals of its API. */
export const serverCodes = entries({
  API_REQUEST_INVALID: {
    fault: "user",
    cause: "the request does not match the API",
    remedy: "Fix each field listed. `GET /v1/openapi.json` describes every request.",
  },
  API_NOT_FOUND: {
    fault: "user",
    cause: "the project of this token has nothing by this name",
    remedy: "Check the path, the id and the token: ids belong to one project.",
  },
  TOKEN_REFUSED: {
    fault: "user",
    cause: "the request has no token that the server accepts",
    remedy: "Send `Authorization: Bearer TOKEN` with a token that is not revoked or expired.",
  },
  SCOPE_MISSING: {
    fault: "user",
    cause: "the token may not do this",
    remedy: "Use a token with the scope named.",
  },
  FLOOR_VIOLATED: {
    fault: "user",
    cause: "the policy asks for more than the project allows",
    remedy: "Change each field named, or leave it out to get the project's own value.",
  },
  QUOTA_EXCEEDED: {
    fault: "user",
    cause: "the project has used up a quota",
    remedy: "End sandboxes that you no longer need, or wait for the time in `Retry-After`.",
  },
  IDEMPOTENCY_CONFLICT: {
    fault: "user",
    cause: "another request used this idempotency key",
    remedy: "Wait for the earlier request if it is the same one; use a new key for a different request.",
  },
  IDEMPOTENCY_UNKNOWN: {
    fault: "system",
    cause: "the server stopped while it carried out the earlier request with this idempotency key",
    remedy: "Check what the earlier request left (`GET /v1/sandboxes`), then repeat the request with a new key.",
  },
  SERVER_STOPPING: {
    fault: "system",
    cause: "the server is stopping and accepts no new work",
    remedy: "Repeat the request when the server has started again.",
  },
  SERVER_FAILED: {
    fault: "system",
    cause: "the server failed while it handled the request",
    remedy: "Give the `instance` of this answer to the server's operator: the server's log holds the cause.",
  },
  SERVER_HOST_REFUSED: {
    fault: "user",
    cause: "the request names a host that this server does not answer for, or comes from a web page",
    remedy: "Use the server's own address, or let its operator add the name with `--host`.",
  },
  SERVER_LISTEN_UNSAFE: {
    fault: "user",
    cause: "tokens would cross the network unencrypted",
    remedy: "Listen on 127.0.0.1, give `--tls-cert` and `--tls-key`, or `--behind-proxy` if a proxy adds TLS.",
  },
  SERVER_STATE_UNUSABLE: {
    fault: "system",
    cause: "the server's state directory cannot be used",
    remedy: "Fix the cause in the detail: another server may use the directory, or the disk may be full.",
  },
  SERVER_NODE_TOO_OLD: {
    fault: "user",
    cause: "the server needs Node 22.13 or later, for its SQLite",
    remedy: "Start `./bulkhead serve` from a checkout, which fetches such a Node for the server, or install one.",
  },
  SERVER_NOT_INSTALLED: {
    fault: "user",
    cause: "this installation does not contain the server",
    remedy: "Start `./bulkhead serve` from a checkout.",
  },
  AUDIT_BROKEN: {
    fault: "system",
    cause: "the audit log was changed: its chain of digests does not hold",
    remedy: "Run `bulkhead audit verify` to see the first broken line, keep the files, and find out who changed them.",
  },
});
