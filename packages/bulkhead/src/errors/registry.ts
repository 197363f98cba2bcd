import type { WARDEN_CODES } from "../contract/generated/codes.js";
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
import { serverCodes } from "./codes/server.js";
import { serviceCodes } from "./codes/services.js";
import type { ErrorEntry } from "./entry.js";

/**
 * Every error code with its fault, cause and remedy. Codes are stable: programs compare them. It does not compile
 * without a code that the warden reports (`warden/error/src/lib.rs`).
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
  ...serviceCodes,
  ...serverCodes,
} as const satisfies Readonly<Record<(typeof WARDEN_CODES)[number], ErrorEntry>>;

/** The stable name of a kind of error. */
export type ErrorCode = keyof typeof registry;

/** Whether a value, such as a string from another process, is one of our codes. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(registry, value);
}
