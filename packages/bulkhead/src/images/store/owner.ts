import { STORE_RANGE } from "../../contract/generated/plan-constants.js";

/**
 * Owner of a tree's root when root unpacks: root inside. Bulkhead never maps root's files writable into a sandbox, not
 * even into one of its own, so unpacked files have owners that no one else on the host has.
 */
export const TREE_OWNER = STORE_RANGE;

/** The uid of this process. */
export function ownUid(): number {
  return process.getuid?.() ?? 0;
}
