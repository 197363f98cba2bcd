import { finish, jsonLine, print } from "../output/write.js";
import type { AuditFlags } from "./flags.js";
import { loadServer } from "./load.js";

/** Checks the audit log of a server; exits with 1 if a line does not hold. */
export async function verifyAudit({ state, json }: AuditFlags): Promise<void> {
  const { verifyAuditOf } = await loadServer();
  const verdict = await verifyAuditOf(...(state === undefined ? [] : [state]));
  const { lines, broken } = verdict;
  const text = broken === null ? `${lines} lines, all whole\n` : `line ${broken.line}: ${broken.why}\n`;
  await print(process.stdout, json === true ? jsonLine(verdict) : text);
  await finish(broken === null ? 0 : 1);
}
