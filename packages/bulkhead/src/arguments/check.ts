/** One thing wrong with an argument, and where. */
export interface Flaw {
  /** `options.tty.rows` */
  readonly path: string;
  /** Completes "PATH …": `must be a whole number from 1 to 65535, not 0`. */
  readonly message: string;
}

/** A check of anything. */
export type AnyCheck = (value: unknown, path: string, flaws: Flaw[]) => void;

/**
 * Looks at a value and adds what is wrong with it to `flaws`. The type parameter is what passes: an interface and the object of checks for it
 * (`object`) are one schema, since a field that only one of them has, or has with another type, does not compile.
 */
export interface Check<Value> {
  (value: unknown, path: string, flaws: Flaw[]): void;
  /** Never there. It makes the type parameter count. */
  readonly passes?: (value: Value) => Value;
}

/** A check for each field of `Fields`, all of which may be missing. */
export type Shape<Fields> = { readonly [Name in keyof Fields]-?: Check<Exclude<Fields[Name], undefined>> };

/** Makes a check of a test. `wanted` completes "must be …"; `cure` says more where that helps. */
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

/** A value, for a message: enough to find it. */
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
