import { type AuditVerdict, verifyAudit } from "./audit/verify.js";
import { readStore, statePaths } from "./state.js";

/** Checks the audit log of a server's state directory. @throws BulkheadError SERVER_STATE_UNUSABLE */
export async function verifyAuditOf(stateDirectory?: string): Promise<AuditVerdict> {
  const paths = statePaths(stateDirectory);
  const store = readStore(paths);
  try {
    while (true) {
      const chain = await store.auditChain();
      const verdict = await verifyAudit(paths.audit, chain);
      const { base } = await store.auditChain();
      // A server removed old lines meanwhile.
      if (verdict.broken === null || base.seq === chain.base.seq) return verdict;
    }
  } finally {
    await store.close();
  }
}
