/** One problem with an argument, and its place. */
export interface Flaw {
  /** `options.tty.rows` */
  readonly path: string;
  /** Completes "PATH …": `must be a whole number from 1 to 65535, not 0`. */
  readonly message: string;
}

/** A check of any type. */
export type AnyCheck = (value: unknown, path: string, flaws: Flaw[]) => void;

/**
 * Checks a value and appends its problems to `flaws`. The type parameter is the accepted type: an interface and its
 * object of checks (`object`) form one schema, because a field that only one of them has, or has with another type,
 * does not compile.
 */
export interface Check<Value> {
  (value: unknown, path: string, flaws: Flaw[]): void;
  /** Never present. It only makes the compiler use the type parameter. */
  readonly passes?: (value: Value) => Value;
}

/** A check for each field of `Fields`, all of which are optional. */
export type Shape<Fields> = { readonly [Name in keyof Fields]-?: Check<Exclude<Fields[Name], undefined>> };

/** Builds a check from a predicate. `wanted` completes "must be …"; `cure` adds advice where that helps. */
export function check<Value>(
  test: (value: unknown) => boolean,
  wanted: string,
  cure?: (value: unknown) => string | undefined,
): Check<Value> {
  return (value, path, flaws) => {
    if (test(value)) return;
    const more = cure?.(value);
    flaws.push({ path, message: `must be ${wanted}, not ${shown(value)}${more === undefined ? "" : ` (${more})`}` });
  };
}

const LONGEST_SHOWN = 60;

/** A value in a message: enough to find it. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case "string": {
      const text = value.length > LONGEST_SHOWN ? `${value.slice(0, LONGEST_SHOWN)}…` : value;
      return JSON.stringify(text);
    }
    case "bigint":
      return `${value}n`;
    case "function":
      return "a function";
    case "symbol":
      return "a symbol";
    case "object":
      return value === null ? "null" : objectName(value);
    default:
      return String(value);
  }
}

function objectName(value: object): string {
  if (Array.isArray(value)) return value.length === 0 ? "an empty array" : "an array";
  const name = value.constructor?.name;
  return name === undefined || name === "" || name === "Object" ? "an object" : `a ${name}`;
}
