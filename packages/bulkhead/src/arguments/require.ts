import { BulkheadError } from "../errors/bulkhead-error.js";
import type { AnyCheck, Flaw } from "./check.js";

/** More of them would not help. */
const MOST_SHOWN = 10;

/** One argument of a call: its name, its check and its value. */
export type Given = readonly [name: string, check: AnyCheck, value: unknown];

/**
 * Checks the arguments of a public function before it starts. `operation` is the function's name: `sandbox.exec`.
 * @throws BulkheadError ARGUMENT_INVALID, with every flaw of every argument in `detail`, one per line
 */
export function requireArguments(operation: string, ...given: readonly Given[]): void {
  const flaws: Flaw[] = [];
  for (const [name, check, value] of given) check(value, name, flaws);
  if (flaws.length > 0) throw argumentInvalid(operation, flaws);
}

/** The error for flaws found elsewhere. */
export function argumentInvalid(operation: string, flaws: readonly Flaw[]): BulkheadError {
  const lines = flaws.slice(0, MOST_SHOWN).map(({ path, message }) => `${path} ${message}`);
  if (flaws.length > MOST_SHOWN) lines.push(`and ${flaws.length - MOST_SHOWN} more`);
  return new BulkheadError("ARGUMENT_INVALID", { operation, detail: lines.join("\n") });
}
