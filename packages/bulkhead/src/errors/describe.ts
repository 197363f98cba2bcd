import { getSystemErrorMap } from "node:util";
import type { ErrorContext } from "./context.js";

/** One line for people: the cause, then what was attempted on what, and what the kernel said. */
export function describe(cause: string, context: ErrorContext): string {
  const operation = context.operation === undefined ? undefined : printableLine(context.operation);
  const attempt = [operation, context.path === undefined ? undefined : quote(context.path)].filter(isSet).join(" ");
  const kernel = context.errno === undefined ? undefined : errnoName(context.errno);
  const facts = [attempt, kernel].filter(isSet).join(": ");
  const detail = context.detail === undefined ? "" : detailed(printable(context.detail));
  return facts === "" ? `${cause}${detail}` : `${cause}${detail} (${facts})`;
}

/** `ENOENT` for 2; the number itself where this system has no name for it. */
export function errnoName(errno: number): string {
  return getSystemErrorMap().get(-errno)?.[0] ?? `errno ${errno}`;
}

/** Several problems stand below the cause, each on a line of its own. */
function detailed(detail: string): string {
  return detail.includes("\n") ? `:\n  ${detail.replaceAll("\n", "\n  ")}` : `: ${detail}`;
}

function quote(path: string): string {
  // Its line ends are escaped by then, but for those that JSON leaves as they are.
  return printableLine(JSON.stringify(printable(path)));
}

/** All of them may come from inside a sandbox: escape sequences in them must not reach a terminal. Lines are kept. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\u{fffd}");
}

/** As {@link printable}, for what stands within a line: a name with a line end in it could else forge a line of ours. */
export function printableLine(text: string): string {
  return printable(text)
    .replaceAll("\n", "\u{fffd}")
    .replace(/[\u2028\u2029]/g, "\u{fffd}");
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== "";
}
