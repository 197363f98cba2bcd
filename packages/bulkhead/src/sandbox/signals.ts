import { constants } from "node:os";
import { BulkheadError } from "../errors/bulkhead-error.js";

const byName: Readonly<Record<string, number>> = constants.signals;
const byNumber = new Map(Object.entries(byName).map(([name, number]) => [number, name]));
byNumber.set(6, "SIGABRT").set(29, "SIGIO");

/** Real-time signals have no names here: they run from 34 to 64. */
const HIGHEST = 64;

/** `SIGTERM` or 15. @throws BulkheadError REQUEST_INVALID for what is no signal */
export function signalNumber(signal: string | number): number {
  const number = typeof signal === "number" ? signal : byName[signal];
  if (number === undefined || !Number.isInteger(number) || number < 1 || number > HIGHEST) {
    throw new BulkheadError("REQUEST_INVALID", { operation: "signal", detail: String(signal) });
  }
  return number;
}

/** `SIGTERM` for 15, `SIGRTMIN+1` for 35. */
export function signalName(number: number): string {
  return byNumber.get(number) ?? `SIGRTMIN+${number - 34}`;
}
