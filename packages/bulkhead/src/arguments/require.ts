import { BulkheadError } from "../errors/bulkhead-error.js";
import type { AnyCheck, Flaw } from "./check.js";

/** More than these help nobody. */
const MOST_SHOWN = 10;

/** What a function was called with: each argument's name, its check and its value. */
export type Given = readonly [name: string, check: AnyCheck, value: unknown];

/**
 * Checks the arguments of a public function, before anything is begun. `operation` is what its caller wrote: `sandbox.exec`.
 * @throws BulkheadError ARGUMENT_INVALID, with every flaw of every argument in `detail`, one a line
 */
export function requireArguments(operation: string, ...given: readonly Given[]): void {
  const flaws: Flaw[] = [];
  for (const [name, check, value] of given) check(value, name, flaws);
  if (flaws.length > 0) throw argumentInvalid(operation, flaws);
}

/** The error for flaws that were found otherwise. */
export function argumentInvalid(operation: string, flaws: readonly Flaw[]): BulkheadError {
  const lines = flaws.slice(0, MOST_SHOWN).map(({ path, message }) => `${path} ${message}`);
  if (flaws.length > MOST_SHOWN) lines.push(`and ${flaws.length - MOST_SHOWN} more`);
  return new BulkheadError("ARGUMENT_INVALID", { operation, detail: lines.join("\n") });
}
