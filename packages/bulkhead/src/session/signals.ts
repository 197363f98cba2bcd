import { constants } from "node:os";
import { shown } from "../arguments/check.js";
import { argumentInvalid } from "../arguments/require.js";

const byName: Readonly<Record<string, number>> = constants.signals;
const byNumber = new Map(Object.entries(byName).map(([name, number]) => [number, name]));
byNumber.set(6, "SIGABRT").set(29, "SIGIO");

/** Real-time signals have no names here: they run from 34 to 64. */
const HIGHEST = 64;

/** Returns the number of `SIGTERM` or 15. @throws BulkheadError ARGUMENT_INVALID for an invalid signal */
export function signalNumber(operation: string, signal: string | number): number {
  const number = typeof signal === "number" ? signal : numberOf(signal);
  if (number !== undefined && Number.isInteger(number) && number >= 1 && number <= HIGHEST) return number;
  const wanted = `must be a signal's name, such as "SIGTERM", or a number from 1 to ${HIGHEST}`;
  const meant = typeof signal === "string" && numberOf(`SIG${signal.toUpperCase()}`) !== undefined;
  const more = meant ? ` (did you mean "SIG${signal.toUpperCase()}"?)` : "";
  throw argumentInvalid(operation, [{ path: "signal", message: `${wanted}, not ${shown(signal)}${more}` }]);
}

/** Looks only at own properties: `constructor` is not a signal. */
function numberOf(name: string): number | undefined {
  return typeof name === "string" && Object.hasOwn(byName, name) ? byName[name] : undefined;
}

/** `SIGTERM` for 15, `SIGRTMIN+1` for 35. */
export function signalName(number: number): string {
  return byNumber.get(number) ?? `SIGRTMIN+${number - 34}`;
}
