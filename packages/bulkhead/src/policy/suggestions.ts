import type * as z from "zod/mini";
import { suggest } from "../arguments/suggest.js";
import { CAPABILITY_NAMES } from "./capability-names.js";
import { FIELD_NAMES, fieldNamed } from "./schema.js";

type Path = readonly PropertyKey[];

/** The parts of a schema's definition that names and words are looked up in. */
interface Definition {
  readonly type: string;
  readonly innerType?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
  readonly element?: z.core.$ZodType;
  readonly valueType?: z.core.$ZodType;
  readonly options?: readonly z.core.$ZodType[];
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly entries?: Readonly<Record<string, string | number>>;
  readonly values?: readonly unknown[];
}

/** The field that the writer of an unknown one most likely meant; `path` leads to its parent. */
export function meantField(path: Path, wrong: string): string | undefined {
  return suggest(wrong, path.length === 0 ? FIELD_NAMES : schemasAt(path).flatMap(fieldsOf));
}

/** The word that the writer most likely meant; undefined if the value is not a word, or nothing is close. */
export function meantWord(path: Path, wrong: unknown): string | undefined {
  if (typeof wrong !== "string") return undefined;
  const words = path[0] === "capabilities" ? CAPABILITY_NAMES : schemasAt(path).flatMap(wordsOf);
  return suggest(wrong, words);
}

/** The value at `path` in a document. */
export function valueAt(document: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, name) =>
      typeof value === "object" && value !== null ? (value as Readonly<Record<PropertyKey, unknown>>)[name] : undefined,
    document,
  );
}

function schemasAt([first, ...rest]: Path): readonly z.core.$ZodType[] {
  const field = FIELD_NAMES.find((name) => name === first);
  return field === undefined ? [] : below(fieldNamed(field), rest);
}

/** All alternatives of a union; the inner schema of an optional or transformed one. */
function below(schema: z.core.$ZodType, path: Path): readonly z.core.$ZodType[] {
  const { innerType, in: written, options, element, valueType, shape } = definitionOf(schema);
  const wrapped = innerType ?? written;
  if (wrapped !== undefined) return below(wrapped, path);
  if (options !== undefined) return options.flatMap((option) => below(option, path));
  const [first, ...rest] = path;
  if (first === undefined) return [schema];
  const next = element ?? valueType ?? (Object.hasOwn(shape ?? {}, first) ? shape?.[String(first)] : undefined);
  return next === undefined ? [] : below(next, rest);
}

function fieldsOf(schema: z.core.$ZodType): readonly string[] {
  return Object.keys(definitionOf(schema).shape ?? {});
}

function wordsOf(schema: z.core.$ZodType): readonly string[] {
  const { entries = {}, values = [] } = definitionOf(schema);
  return [...Object.values(entries), ...values].filter((word) => typeof word === "string");
}

function definitionOf(schema: z.core.$ZodType): Definition {
  return schema._zod.def as Definition;
}
