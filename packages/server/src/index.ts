/** Bulkhead over HTTP, for several tenants of one machine. */

export type { AuditVerdict } from "./audit/verify.js";
export { DEFAULT_LISTEN, type ListenAddress, parseListen } from "./listen.js";
export { type RunningServer, type ServerOptions, startServer } from "./server.js";
export { statePaths } from "./state.js";
export { verifyAuditOf } from "./verify-audit.js";
