import type * as z from "zod/mini";
import { invalid } from "./invalid.js";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Parses a document of bounded size. Drops unknown fields, as the specification asks. Throws IMAGE_INVALID; its message
 * never quotes the document, because a link in a layout may have pointed to any file of the caller's.
 */
export function parseDocument<Schema extends z.ZodMiniType>(
  schema: Schema,
  bytes: Uint8Array,
  name: string,
): z.output<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch {
    throw invalid(`read ${name}`, "not JSON");
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const field = result.error.issues[0]?.path.map(String).join(".");
  throw invalid(`read ${name}`, field === undefined || field === "" ? "not an object" : field.slice(0, 128));
}
