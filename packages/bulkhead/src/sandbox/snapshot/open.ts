import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { requireAll } from "../../enforcement/requirements.js";
import { unvouched } from "../../enforcement/unvouched.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { requireOurDirectory } from "../../levels/microvm/snapshot/ours.js";
import { requireSaved } from "../../levels/microvm/snapshot/saved-file.js";
import { wantedLevel } from "../../plan/compile/level.js";
import { withAbsolutePaths, withPathsOfNow } from "../../policy/absolute-paths.js";
import { parsePolicy } from "../../policy/parse.js";
import type { Policy } from "../../policy/schema.js";
import { defined } from "../../values/defined.js";
import type { Launchable } from "../prepare/launchable.js";
import { prepare } from "../prepare/prepare.js";
import { FACTS, type Origin, readFacts, type SnapshotFacts, STATE } from "./facts.js";
import type { RestoreOptions } from "./options.js";

/** A snapshot that is ready to resume. */
export interface OpenedSnapshot extends Origin {
  readonly prepared: Launchable;
}

/**
 * Prepares a sandbox that resumes from a snapshot. The snapshot's author is not trusted: this host builds jail, plan
 * and enforcement table from the policy, as for any other sandbox; then it compares them with what the snapshot is tied
 * to, and each file with its digest.
 * @throws BulkheadError SNAPSHOT_INVALID, SNAPSHOT_UNTRUSTED, SNAPSHOT_MISMATCH, REQUIREMENT_UNMET, and as preparing
 * the policy does
 */
export async function openSnapshot(directory: string, options: RestoreOptions = {}): Promise<OpenedSnapshot> {
  const path = await requireOurDirectory(directory);
  const { facts, digest } = await readFacts(join(path, FACTS));
  if (options.digest !== undefined && options.digest !== digest) {
    throw new BulkheadError("SNAPSHOT_MISMATCH", { operation: "restore", path, detail: `it is ${digest}` });
  }
  requirePolicy(facts.policy, path);
  for (const file of facts.files) await requireSaved(join(path, file.name), file);
  return await prepareFrom(path, facts, { ...options, vouched: options.digest !== undefined });
}

/**
 * The same for a snapshot whose files need no check. `vouched`: it is known to be the snapshot that was taken; the
 * machine it was taken of may itself be unverified.
 */
export async function prepareFrom(
  path: string,
  facts: SnapshotFacts,
  options: RestoreOptions & { readonly vouched: boolean },
): Promise<OpenedSnapshot> {
  const { images, broker, signal } = options;
  const policy = options.policy === undefined ? facts.policy : withPathsOfNow(options.policy);
  const origin: Origin = { policy, vouched: options.vouched && facts.vouched };
  const preparation = {
    images: { ...images, pull: "never" as const },
    ...defined({ broker, signal }),
  };
  const prepared = await prepare(policy as Policy, preparation, {
    kind: "saved",
    path: join(path, STATE),
    machine: facts,
  });
  if (prepared.writeBack !== null) {
    prepared.discard();
    throw new BulkheadError("SNAPSHOT_UNSUPPORTED", { operation: "restore", detail: "a writable host directory" });
  }
  if (origin.vouched) return { prepared, ...origin };
  try {
    const enforcement = unvouched(prepared.compiled.enforcement);
    requireAll(parsePolicy(policy as Policy), enforcement);
    return { prepared: { ...prepared, compiled: { ...prepared.compiled, enforcement } }, ...origin };
  } catch (error) {
    prepared.discard();
    throw error;
  }
}

/** A policy from which a snapshot can have been taken. */
function requirePolicy(policy: SnapshotFacts["policy"], path: string): void {
  const invalid = (detail: string, cause?: unknown) =>
    new BulkheadError("SNAPSHOT_INVALID", { operation: "read snapshot", path, detail: `policy: ${detail}`, cause });
  // Relative paths would depend on this process's current directory.
  if (!isDeepStrictEqual(withAbsolutePaths(policy, "/"), policy)) throw invalid("relative paths");
  const resolved = (() => {
    try {
      return parsePolicy(policy);
    } catch (error) {
      throw invalid(error instanceof BulkheadError ? (error.detail ?? "form") : "form", error);
    }
  })();
  if (wantedLevel(resolved) !== "microvm") throw invalid("level");
  if (resolved.network.kind !== "none") throw invalid("network");
  if (resolved.files.some((file) => file.kind === "host" && file.writable)) throw invalid("a writable host directory");
}
