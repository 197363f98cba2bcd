import type { HostReport } from "../../host/report.js";
import type { ResolvedPolicy } from "../../policy/resolved.js";
import { invalid } from "../../syscalls/invalid.js";
import { missingFor } from "../../syscalls/needs.js";
import { isFor, settle } from "../../syscalls/settle.js";
import type { Inputs } from "../input-types.js";
import type { Seccomp } from "../schema.js";

/** The profile of a plan: a name, or the policy's own with its conditions decided. Throws PROFILE_INVALID when nothing could start under it. */
export function profileFor(
  { syscalls, capabilities }: ResolvedPolicy,
  { profile }: Inputs,
  { facts, architecture }: HostReport,
): Seccomp["profile"] {
  if (syscalls.kind === "built-in") return syscalls.name;
  if (profile === undefined) throw invalid(syscalls.path, ["was not read"]);
  const { content, path } = profile;
  if (!isFor(content, architecture)) throw invalid(path, [`architectures: ${architecture} is not among them`]);
  const settled = settle(content, { architecture, kernel: facts.kernel, capabilities });
  const missing = missingFor(settled);
  if (missing.length > 0) throw invalid(path, [`nothing could start without ${missing.join(", ")}`]);
  return settled;
}
