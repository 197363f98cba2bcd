import type { Pool, Sandbox } from "bulkhead";
import type { Process } from "../../../packages/bulkhead/src/session/process.js";

/** A call, with arguments that no type allows; what is told must name each of these. */
export type Case = readonly [call: string, act: (use: Use) => unknown, ...names: string[]];

export interface Use {
  readonly sandbox: Sandbox;
  readonly pool: Pool;
  readonly process: Process;
}

export const bad = <Value>(value: unknown): Value => value as Value;

/** Times that no program can be given. */
export const TIMES: readonly unknown[] = [0, -1, Number.NaN, Number.POSITIVE_INFINITY, "1s", 5n, null, {}];
export const ARGV: readonly unknown[] = [
  "echo hi",
  undefined,
  null,
  5,
  {},
  [5],
  [null],
  ["a\0b"],
  [""],
  ["a", "\ud800"],
  [["a"]],
  new Array(2),
];
export const OPTIONS: readonly unknown[] = [null, 5, "text", [], () => undefined];
export const PATHS: readonly unknown[] = [undefined, null, 5, "", "a\0b", {}, ["/a"]];
export const INSIDE: readonly unknown[] = [...PATHS, "relative", "./relative", `/${"x".repeat(5000)}`];
export const SIGNALS: readonly unknown[] = [
  "TERM",
  "sigterm",
  "",
  0,
  65,
  1.5,
  Number.NaN,
  null,
  {},
  "constructor",
  "__proto__",
];
export const PORTS: readonly unknown[] = [0, -1, 65_536, 1.5, Number.NaN, "80", null, undefined];

export const each = (
  name: string,
  values: readonly unknown[],
  act: (value: never, use: Use) => unknown,
  ...names: string[]
) => values.map((value): Case => [`${name} of ${show(value)}`, (use) => act(bad<never>(value), use), ...names]);

function show(value: unknown): string {
  return typeof value === "string"
    ? JSON.stringify(value.slice(0, 20))
    : typeof value === "object"
      ? JSON.stringify(value)
      : String(value);
}
