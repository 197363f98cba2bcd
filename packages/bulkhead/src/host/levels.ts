import { LEVELS, type Level } from "../policy/level.js";
import type { MissingRequirement } from "./missing.js";
import type { HostReport } from "./report.js";
import { missingForAnyLevel, missingUserNamespaces } from "./requirements.js";

/** Whether a level is available here, and if not, everything that is missing. */
export interface LevelAvailability {
  readonly level: Level;
  readonly available: boolean;
  readonly missing: readonly MissingRequirement[];
  /**
   * The program that makes the level's wall, for people; null if that is Bulkhead and this kernel alone, or nothing.
   */
  readonly by: string | null;
}

/** Everything that this host lacks for a level; empty if the level is available. */
export function missingFor(level: Level, host: HostReport): readonly MissingRequirement[] {
  const always = missingForAnyLevel(host);
  switch (level) {
    case "chroot":
      // Root needs no user namespace for it; other users may call chroot(2) and mount(2) only inside one.
      return host.facts.privileged ? always : [...always, ...missingUserNamespaces(host)];
    case "container":
      return [...always, ...missingUserNamespaces(host), ...missingUts(host)];
    // Their programs run in a jail as strong as level container.
    case "gvisor":
    case "microvm":
      return [...missingFor("container", host), ...(host.tried[level] ?? [notTried(level)])];
  }
}

/** Every level, weakest first. */
export function levelAvailability(host: HostReport): readonly LevelAvailability[] {
  return LEVELS.map((level) => {
    const missing = missingFor(level, host);
    return { level, available: missing.length === 0, missing, by: host.by?.[level] ?? null };
  });
}

function notTried(level: Level): MissingRequirement {
  return {
    what: "a look at the programs that make it",
    remedy: `Install its programs (in a checkout \`./bulkhead setup ${level}\`), then run \`bulkhead doctor\`.`,
  };
}

function missingUts({ facts }: HostReport): readonly MissingRequirement[] {
  return facts.namespaces.includes("uts")
    ? []
    : [{ what: "uts namespaces", remedy: "Boot a kernel with CONFIG_UTS_NS." }];
}
