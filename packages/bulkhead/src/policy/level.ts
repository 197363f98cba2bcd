import { requireArguments } from "../arguments/require.js";
import { oneOf } from "../arguments/values.js";

/** Strengths of the wall, weakest first. The order is total: a later level contains whatever an earlier one does. */
export const LEVELS = ["chroot", "container", "gvisor", "microvm"] as const;

/** How strong the wall around a sandbox is. */
export type Level = (typeof LEVELS)[number];

/** One of the levels, by name. */
export const levelName = oneOf<Level>(...LEVELS);

/** How far the author of the workload is trusted. */
export type Trust = "first-party" | "third-party" | "hostile";

/** The weakest level that each kind of trust allows. */
export const LEVEL_FOR_TRUST = {
  "first-party": "container",
  "third-party": "gvisor",
  hostile: "microvm",
} as const satisfies Record<Trust, Level>;

/** Whether `level` is at least as strong as `floor`. */
export function isAtLeast(level: Level, floor: Level): boolean {
  // An unknown level would compare as weaker or stronger than every other.
  requireArguments("isAtLeast", ["level", levelName, level], ["floor", levelName, floor]);
  return LEVELS.indexOf(level) >= LEVELS.indexOf(floor);
}

/** The stronger of two levels. */
export function strongerOf(one: Level, other: Level): Level {
  return isAtLeast(one, other) ? one : other;
}
