import { defined } from "../../values/defined.js";
import { invalid } from "../documents/invalid.js";

const latin1 = new TextDecoder("latin1");

/** Name, link and size that a pax header gives the entry after it; other records are ignored. Throws IMAGE_INVALID. */
export function parsePax(data: Uint8Array): { name?: string; link?: string; sizeBytes?: number } {
  const fields = new Map<string, string>();
  let rest = latin1.decode(data);
  while (rest !== "") {
    // By length, not by line: a value may contain a line break.
    const [start = "", digits = ""] = /^([1-9]\d{0,6}) /.exec(rest) ?? [];
    const record = rest.slice(0, Number(digits));
    const equals = record.indexOf("=");
    if (start === "" || record.length !== Number(digits) || equals <= start.length || !record.endsWith("\n")) {
      throw invalid("read archive", "pax record");
    }
    const key = record.slice(start.length, equals);
    if (fields.has(key)) throw invalid("read archive", "duplicate pax record");
    fields.set(key, record.slice(equals + 1, -1));
    rest = rest.slice(record.length);
  }
  if ([...fields.keys()].some((key) => key.startsWith("GNU.sparse."))) throw invalid("read archive", "sparse file");
  const [name, link, size] = [fields.get("path"), fields.get("linkpath"), fields.get("size")];
  if (size !== undefined && !/^\d{1,15}$/.test(size)) throw invalid("read archive", "pax size");
  return {
    ...defined({ name, link }),
    ...(size === undefined ? {} : { sizeBytes: Number(size) }),
  };
}
