import type { HostReport } from "../host/report.js";
import type { ResolvedPolicy } from "../policy/resolved.js";
import { lenderOf, whyNobodys } from "./compile/owner.js";
import type { Inputs } from "./input-types.js";

/**
 * What programs inside will notice about the host files of a policy, one line each: files whose owner is hidden, and
 * why. Pure.
 */
export function fileNotes(policy: ResolvedPolicy, { files }: Inputs, host: HostReport): readonly string[] {
  const lender = lenderOf(host);
  return policy.files.flatMap((choice, index) => {
    const file = files[index] ?? null;
    if (choice.kind !== "host" || choice.writable || file === null || !file.openToAll) return [];
    const why = whyNobodys(file, lender);
    if (why === undefined) return [];
    const repository =
      file.kind === "directory" ? ` (git inside needs \`git config --global safe.directory ${choice.at}\`)` : "";
    return [
      `${choice.at} does not belong to the workload's user, and what is closed to others is not read: ${why}${repository}`,
    ];
  });
}
