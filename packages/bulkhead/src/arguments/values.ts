import { type AnyCheck, type Check, check, type Flaw, type Shape, shown } from "./check.js";
import { suggest } from "./suggest.js";

/** Text that can be encoded: without NUL, and without halves of surrogate pairs. */
export function isText(value: unknown): value is string {
  return typeof value === "string" && !value.includes("\0") && value.isWellFormed();
}

const TEXT = "text without NUL and lone surrogates";

/** Text of at least one character. */
export const text: Check<string> = check((value) => isText(value) && value !== "", `${TEXT}, and not empty`);

/** Text, possibly empty. */
export const anyText: Check<string> = check(isText, TEXT);

export const flag: Check<boolean> = check((value) => typeof value === "boolean", "true or false");

/** A path on this machine. */
export const hostPath: Check<string> = check(
  (value) => isText(value) && value !== "" && Buffer.byteLength(value) <= 4095,
  "a path of 1 to 4095 bytes",
);

/** A path inside a sandbox. It is absolute: the sandbox shares no current directory with the caller. */
export const insidePath: Check<string> = check(
  (value) => isText(value) && value.startsWith("/") && Buffer.byteLength(value) <= 4095,
  "an absolute path of at most 4095 bytes",
  (value) =>
    isText(value) && value !== "" && !value.startsWith("/") ? `such as ${shown(`/tmp/${value}`)}` : undefined,
);

/** A whole number from `least` to `most`. */
export function whole(least: number, most = Number.MAX_SAFE_INTEGER, of = ""): Check<number> {
  const range = most === Number.MAX_SAFE_INTEGER ? `, at least ${least}` : ` from ${least} to ${most}`;
  return check(
    (value) => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most,
    `a whole number${of}${range}`,
  );
}

/** A size in bytes. Not a string: only policies have units. */
export const bytes: Check<number> = whole(1, undefined, " of bytes");

/** A time in milliseconds, of any length; fractions are rounded up. */
export const duration: Check<number> = check(
  (value) => typeof value === "number" && value > 0 && value <= Number.MAX_SAFE_INTEGER,
  "a number of milliseconds above 0",
  (value) => {
    if (value === Number.POSITIVE_INFINITY) return "leave it out for no limit";
    return typeof value === "string" ? "with units it is written in a policy only" : undefined;
  },
);

export function oneOf<Value extends string | boolean>(...values: readonly Value[]): Check<Value> {
  return check((value) => values.includes(value as Value), `one of ${values.map((value) => shown(value)).join(", ")}`);
}

/** A function of any signature. */
export function callback<Signature>(): Check<Signature> {
  return check((value) => typeof value === "function", "a function");
}

/** By shape, so that a signal from another realm works too. */
export const abortSignal: Check<AbortSignal> = check(
  (value) =>
    isRecord(value) && typeof value["aborted"] === "boolean" && typeof value["addEventListener"] === "function",
  "an AbortSignal",
  (value) => (isRecord(value) && isRecord(value["signal"]) ? "give the controller's `signal`" : undefined),
);

export function list<Item>(item: Check<Item>, of = "an array"): Check<readonly Item[]> {
  return (value, path, flaws) => {
    if (!Array.isArray(value)) {
      flaws.push({ path, message: `must be ${of}, not ${shown(value)}` });
      return;
    }
    // By index: a hole is undefined, and `forEach` would skip it.
    for (let index = 0; index < value.length; index++) item(value[index], `${path}[${index}]`, flaws);
  };
}

/** Two ways to write one thing: `isOne` tells which one the caller used. */
export function either<One, Other>(
  isOne: (value: unknown) => boolean,
  one: Check<One>,
  other: Check<Other>,
): Check<One | Other> {
  return (value, path, flaws) => (isOne(value) ? one(value, path, flaws) : other(value, path, flaws));
}

/** Advice about fields that do not exist here: for example `timeoutMs` of `run`. */
export type Hints = Readonly<Record<string, string>>;

/** An object with exactly these fields. */
export function object<Fields extends object>(shape: Shape<Fields>, hints: Hints = {}): Check<Fields> {
  const names = Object.keys(shape);
  const checks = new Map<string, AnyCheck>(Object.entries(shape));
  return (value, path, flaws) => {
    if (!isRecord(value) || Array.isArray(value)) {
      flaws.push({ path, message: `must be an object, not ${shown(value)}` });
      return;
    }
    // Includes inherited ones: the options may be an instance of a caller's class.
    for (const name in value) {
      const field = value[name];
      const found = checks.get(name);
      if (found !== undefined) {
        if (field !== undefined) found(field, join(path, name), flaws);
      } else if (Object.hasOwn(value, name)) flaws.push(unknownField(path, name, names, hints));
    }
  };
}

/** As {@link object}, but these fields are required. */
export function required<Fields extends object>(
  check: Check<Fields>,
  ...names: readonly (keyof Fields & string)[]
): Check<Fields> {
  return (value, path, flaws) => {
    check(value, path, flaws);
    if (!isRecord(value)) return;
    for (const name of names)
      if (value[name] === undefined) flaws.push({ path: join(path, name), message: "is missing" });
  };
}

function unknownField(path: string, name: string, names: readonly string[], hints: Hints): Flaw {
  const hint = Object.hasOwn(hints, name) ? hints[name] : undefined;
  const meant = hint === undefined ? suggest(name, names) : undefined;
  const more = hint ?? (meant === undefined ? `there are ${names.join(", ")}` : `did you mean ${meant}?`);
  return { path: join(path, name), message: `is no option: ${more}` };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function join(path: string, name: string): string {
  const shownName = /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${shown(name)}]`;
  return path === "" ? shownName.replace(/^\./, "") : `${path}${shownName}`;
}
