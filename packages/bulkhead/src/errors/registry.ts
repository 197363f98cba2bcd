import { fileCodes } from "./codes/files.js";
import { hostCodes } from "./codes/host.js";
import { imageCodes } from "./codes/images.js";
import { launchCodes } from "./codes/launch.js";
import { learnCodes } from "./codes/learn.js";
import { microvmCodes } from "./codes/microvm.js";
import { policyCodes } from "./codes/policy.js";
import { recordCodes } from "./codes/records.js";
import { registryCodes } from "./codes/registries.js";
import { sandboxCodes } from "./codes/sandbox.js";

/**
 * Every error code with its fault, cause and remedy. Codes are stable: programs compare them. Codes that the warden
 * reports are also in `warden/error/src/lib.rs`; a test compares the two.
 */
export const registry = {
  ...policyCodes,
  ...hostCodes,
  ...launchCodes,
  ...sandboxCodes,
  ...fileCodes,
  ...imageCodes,
  ...registryCodes,
  ...recordCodes,
  ...learnCodes,
  ...microvmCodes,
} as const;

/** The stable name of a kind of error. */
export type ErrorCode = keyof typeof registry;

/** Whether a value, such as a string from another process, is one of our codes. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(registry, value);
}
