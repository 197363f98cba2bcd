/** `Fields` with each field that may be undefined as an optional one. */
export type Defined<Fields> = {
  [Name in keyof Fields as undefined extends Fields[Name] ? never : Name]: Fields[Name];
} & {
  [Name in keyof Fields as undefined extends Fields[Name] ? Name : never]?: Exclude<Fields[Name], undefined>;
};

/** Copies an object without its undefined fields: an optional field is absent, never undefined. */
export function defined<const Fields extends object>(fields: Fields): Defined<Fields>;
export function defined(fields: Readonly<Record<string, unknown>>): object {
  const copy: Record<string, unknown> = {};
  for (const name in fields) if (fields[name] !== undefined) copy[name] = fields[name];
  return copy;
}
