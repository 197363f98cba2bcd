import { BulkheadError, type Level, Sandbox } from "bulkhead";
import { describe, test } from "vitest";
import { LEVELS } from "../../packages/bulkhead/src/policy/level.js";

/** The levels that the suites run at; `gvisor` and `microvm` join this list and nothing else changes. */
const ALL: readonly Level[] = ["chroot", "container"];

/** `BULKHEAD_TEST_LEVELS=microvm` names others, while somebody works on one. */
export const LEVELS_UNDER_TEST: readonly Level[] = chosenLevels(process.env["BULKHEAD_TEST_LEVELS"]) ?? ALL;

function chosenLevels(names = ""): readonly Level[] | undefined {
  return names === "" ? undefined : LEVELS.filter((level) => names.split(",").includes(level));
}

/** What a host lacks, as opposed to what is broken. */
const LACKING: ReadonlySet<string> = new Set([
  "LEVEL_UNAVAILABLE",
  "HOST_UNSUPPORTED",
  "SETUP_MISSING",
  "USERNS_REFUSED",
  "REQUIREMENT_UNMET",
]);

/** `BULKHEAD_REQUIRE=chroot,container`: what this host must offer, so that a skip there is a failure. */
const REQUIRED: ReadonlySet<string> = new Set((process.env["BULKHEAD_REQUIRE"] ?? "").split(",").filter(Boolean));

/** Whether the absence of something named so is a failure. */
export function isRequired(name: string): boolean {
  return REQUIRED.has(name);
}

/** Why this host cannot run a level, found out by trying; undefined when it can. Anything but a lack is thrown. */
export async function lackFor(level: Level): Promise<string | undefined> {
  try {
    await using sandbox = await Sandbox.create({ level });
    void sandbox;
    return undefined;
  } catch (error) {
    if (error instanceof BulkheadError && LACKING.has(error.code)) return `${error.code}: ${error.message}`;
    throw error;
  }
}

/**
 * Declares `cases` once for each level. A level that this host does not offer is skipped with the reason in the title,
 * or fails where it is required. Call it with top-level await. `levels` for what runs at others than the suites do.
 */
export async function forEachLevel(
  cases: (level: Level) => void,
  levels: readonly Level[] = LEVELS_UNDER_TEST,
): Promise<void> {
  for (const level of levels) {
    const lack = await lackFor(level);
    if (lack === undefined) {
      describe(level, () => cases(level));
    } else if (isRequired(level)) {
      test(`${level} is required here`, () => {
        throw new Error(lack);
      });
    } else {
      describe.skip(`${level} (skipped: ${lack})`, () => cases(level));
    }
  }
}

/** `forEachLevel` for cases that are not run at some levels, with why. */
export function exceptAt(reasons: Readonly<Partial<Record<Level, string>>>): typeof forEachLevel {
  return async (cases, levels = LEVELS_UNDER_TEST) => {
    await forEachLevel(
      cases,
      levels.filter((level) => reasons[level] === undefined),
    );
    for (const level of levels) {
      const reason = reasons[level];
      if (reason !== undefined) describe.skip(`${level} (skipped: ${reason})`, () => cases(level));
    }
  };
}
