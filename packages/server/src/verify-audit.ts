import { type AuditVerdict, verifyAudit } from "./audit/verify.js";
import { readStore, statePaths } from "./state.js";

/** Checks the audit log of a server's state directory. @throws BulkheadError SERVER_STATE_UNUSABLE */
export async function verifyAuditOf(stateDirectory?: string): Promise<AuditVerdict> {
  const paths = statePaths(stateDirectory);
  const store = readStore(paths);
  try {
    return await verifyAudit(paths.audit, await store.auditHead(), async () => await store.auditHead());
  } finally {
    await store.close();
  }
}
