import { MAX_ID } from "../contract/generated/plan-constants.js";
import { isAtLeast, LEVEL_FOR_TRUST } from "./level.js";
import { networkProblems } from "./network/check.js";
import { SHARED_MEMORY } from "./paths.js";
import type { Problem } from "./problems.js";
import type { CheckedPolicy } from "./schema.js";

/** Contradictions between fields that are each valid alone. */
export function inconsistencies(policy: CheckedPolicy): readonly Problem[] {
  return [
    ...levelAgainstTrust(policy),
    ...capabilitiesAtChroot(policy),
    ...sameMountPoint(policy),
    ...executableSharedMemory(policy),
    ...userIds(policy),
    ...networkProblems(policy),
  ];
}

/** A named level wins over `auto`, so a level below what the trust allows would be silently weaker than requested. */
function levelAgainstTrust({ level, trust }: CheckedPolicy): readonly Problem[] {
  if (typeof level !== "string" || level === "auto" || trust === undefined) return [];
  const floor = LEVEL_FOR_TRUST[trust];
  return isAtLeast(level, floor) ? [] : [{ path: ["level"], message: `trust: ${trust} needs at least ${floor}` }];
}

/** Without a user namespace a capability would apply to the host. */
function capabilitiesAtChroot({ level, capabilities }: CheckedPolicy): readonly Problem[] {
  if (level !== "chroot" || capabilities === undefined || capabilities.length === 0) return [];
  return [{ path: ["capabilities"], message: "need level container or stronger: at chroot they would be the host's" }];
}

function sameMountPoint({ files = [] }: CheckedPolicy): readonly Problem[] {
  const taken = new Set<string>();
  return files.flatMap((entry, index) => {
    const [name, at] = "tmpfs" in entry ? ["tmpfs", entry.tmpfs] : ["at", entry.at];
    if (taken.has(at)) return [{ path: ["files", index, name], message: `${at} is mounted by an earlier entry` }];
    taken.add(at);
    return [];
  });
}

/** It is noexec at every level: programs do not start there, and exploits like to. */
function executableSharedMemory({ files = [] }: CheckedPolicy): readonly Problem[] {
  return files.flatMap((entry, index) => {
    const asked = "tmpfs" in entry && entry.tmpfs === SHARED_MEMORY && entry.exec === true;
    return asked ? [{ path: ["files", index, "exec"], message: `${SHARED_MEMORY} is always mounted noexec` }] : [];
  });
}

function userIds({ user }: CheckedPolicy): readonly Problem[] {
  if (typeof user !== "string" || !/^\d/.test(user)) return [];
  const tooLarge = user.split(":").some((id) => Number(id) > MAX_ID);
  return tooLarge ? [{ path: ["user"], message: `ids inside are at most ${MAX_ID}` }] : [];
}
