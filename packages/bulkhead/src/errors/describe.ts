import { getSystemErrorMap } from "node:util";
import type { ErrorContext } from "./context.js";

/** One line for people: the cause, then the operation and its object, then the kernel's error. */
export function describe(cause: string, context: ErrorContext): string {
  const operation = context.operation === undefined ? undefined : printableLine(context.operation);
  const attempt = [operation, context.path === undefined ? undefined : quote(context.path)].filter(isSet).join(" ");
  const kernel = context.errno === undefined ? undefined : errnoName(context.errno);
  const facts = [attempt, kernel].filter(isSet).join(": ");
  const detail = context.detail === undefined ? "" : detailed(printable(context.detail));
  return facts === "" ? `${cause}${detail}` : `${cause}${detail} (${facts})`;
}

/** `ENOENT` for 2; the number itself if this system has no name for it. */
export function errnoName(errno: number): string {
  return getSystemErrorMap().get(-errno)?.[0] ?? `errno ${errno}`;
}

/** Puts each of several problems on its own line below the cause. */
function detailed(detail: string): string {
  return detail.includes("\n") ? `:\n  ${detail.replaceAll("\n", "\n  ")}` : `: ${detail}`;
}

function quote(path: string): string {
  // The function above has already escaped line ends, except for those that JSON leaves unescaped.
  return printableLine(JSON.stringify(printable(path)));
}

/**
 * Makes text printable. Any of it may come from a sandbox, so its escape sequences must not reach a terminal. Line
 * breaks stay.
 */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\u{fffd}");
}

/** As {@link printable}, for text within a line: a line break in a name could otherwise forge one of our lines. */
export function printableLine(text: string): string {
  return printable(text)
    .replaceAll("\n", "\u{fffd}")
    .replace(/[\u2028\u2029]/g, "\u{fffd}");
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== "";
}
