/**
 * Functions that the generated checks of other processes' messages call. A message is hostile until a check has passed.
 * Hand-written, because a schema library takes longer to build a schema than the broker takes to start.
 *
 * A check returns undefined for a value of its type, else the path to the first fault, such as `.facts.uid`; an empty
 * path is the value itself.
 */
export type Check<T> = Look & { readonly of?: T };

/** The value, of its type. @throws what `wrong` makes of the path to the first fault */
export function checked<T>(check: Check<T>, value: unknown, wrong: (path: string) => Error): T {
  const path = check(value);
  if (path !== undefined) throw wrong(path);
  return value as T;
}

type Look = (value: unknown) => string | undefined;
type Fields = Readonly<Record<string, Look>>;

const HERE = "";

function when(holds: boolean): string | undefined {
  return holds ? undefined : HERE;
}

/** Whatever it is: who uses it has to look. */
export const any: Look = () => undefined;

export const flag: Look = (value) => when(typeof value === "boolean");

/** One that JavaScript need not hold exactly. */
export const number: Look = (value) => when(typeof value === "number" && Number.isFinite(value));

export function whole(least: number, most: number = Number.MAX_SAFE_INTEGER): Look {
  return (value) => when(typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most);
}

/** Of at most `most` bytes in UTF-8. */
export function text(most: number, pattern?: RegExp): Look {
  return (value) => when(isBounded(value, most) && (pattern === undefined || pattern.test(value)));
}

function isBounded(value: unknown, most: number): value is string {
  return typeof value === "string" && value.length <= most && Buffer.byteLength(value) <= most;
}

export function oneOf(...allowed: readonly unknown[]): Look {
  return (value) => when(allowed.includes(value));
}

export function orNull(check: Look): Look {
  return (value) => (value === null ? undefined : check(value));
}

export function list(check: Look, most: number): Look {
  return (value) => {
    if (!Array.isArray(value) || value.length > most) return HERE;
    for (const [index, item] of value.entries()) {
      const path = check(item);
      if (path !== undefined) return `[${index}]${path}`;
    }
    return undefined;
  };
}

/** An object with any names. */
export function mapOf(check: Look, most: number): Look {
  return (value) => {
    if (!isObject(value)) return HERE;
    const entries = Object.entries(value);
    if (entries.length > most) return HERE;
    const wrong = entries.find(([name, one]) => !isBounded(name, most) || check(one) !== undefined);
    return when(wrong === undefined);
  };
}

/** An object with these fields, and none besides. */
export function record(required: Fields, optional: Fields = {}): Look {
  const [always, sometimes] = [Object.entries(required), Object.entries(optional)];
  return (value) => {
    if (!isObject(value)) return HERE;
    const unknown = Object.keys(value).some((name) => !Object.hasOwn(required, name) && !Object.hasOwn(optional, name));
    if (unknown) return HERE;
    for (const [name, check] of always) {
      const path = check(value[name]);
      if (path !== undefined || !Object.hasOwn(value, name)) return `.${name}${path ?? ""}`;
    }
    for (const [name, check] of sometimes) {
      const path = value[name] === undefined ? undefined : check(value[name]);
      if (path !== undefined) return `.${name}${path}`;
    }
    return undefined;
  };
}

/** Objects that one of their fields tells apart. */
export function tagged(tag: string, kinds: Fields): Look {
  return (value) => {
    const kind = isObject(value) ? value[tag] : undefined;
    if (typeof kind !== "string" || !Object.hasOwn(kinds, kind)) return `.${tag}`;
    return kinds[kind]?.(value);
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
