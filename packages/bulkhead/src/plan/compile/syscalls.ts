import type { HostReport } from "../../host/report.js";
import type { ResolvedPolicy } from "../../policy/resolved.js";
import { invalid } from "../../syscalls/invalid.js";
import { missingFor, missingForNetwork, NETWORK_NEEDS } from "../../syscalls/needs.js";
import { isFor, settle } from "../../syscalls/settle.js";
import type { Inputs } from "../input-types.js";
import type { Seccomp } from "../schema.js";

/**
 * The profile of a plan: a name, or the policy's own with its conditions decided. Throws PROFILE_INVALID if nothing
 * could start under it, or nothing could use a feature that the policy asks for.
 */
export function profileFor(
  { syscalls, capabilities, network }: ResolvedPolicy,
  { profile }: Inputs,
  { facts, architecture }: HostReport,
): Seccomp["profile"] {
  const networked = network.kind !== "none";
  if (syscalls.kind === "built-in") {
    // It allows no socket that leads anywhere: a test compares.
    if (networked && syscalls.name === "strict") {
      const needs = NETWORK_NEEDS.map(({ name }) => name);
      needNetwork("strict", needs);
    }
    return syscalls.name;
  }
  if (profile === undefined) throw invalid(syscalls.path, ["was not read"]);
  const { content, path } = profile;
  if (!isFor(content, architecture)) throw invalid(path, [`architectures: ${architecture} is not among them`]);
  const settled = settle(content, { architecture, kernel: facts.kernel, capabilities });
  const missing = missingFor(settled);
  if (missing.length > 0) throw invalid(path, [`nothing could start without ${missing.join(", ")}`]);
  if (networked) needNetwork(path, missingForNetwork(settled));
  return settled;
}

function needNetwork(path: string, missing: readonly string[]): void {
  if (missing.length === 0) return;
  throw invalid(path, [
    `network: no program could reach anything without ${missing.join(", ")}; allow what it needs, or leave network out`,
  ]);
}
