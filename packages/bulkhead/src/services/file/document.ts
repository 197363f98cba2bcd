import { BulkheadError } from "../../errors/bulkhead-error.js";

/** Far above any file that a person writes, and below what could be harmful to parse. */
export const LARGEST_FILE = 256 * 1024;

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A parsed document: its value, and where each part of it is written. */
export interface ServiceDocument {
  readonly value: unknown;
  /** Place of the field or entry at `path`, or of the nearest one around it that is written. */
  readonly positionOf: (path: readonly PropertyKey[]) => Position;
}

/**
 * Parses YAML, or JSON, which is also YAML.
 * @throws BulkheadError SERVICE_SYNTAX, with every error and its place
 */
export async function parseServiceText(text: string, path: string): Promise<ServiceDocument> {
  if (Buffer.byteLength(text) > LARGEST_FILE) {
    throw new BulkheadError("SERVICE_UNREADABLE", { path, detail: `larger than ${LARGEST_FILE} bytes` });
  }
  const { isMap, isSeq, LineCounter, parseDocument } = await import("../../policy/yaml.js");
  const lineCounter = new LineCounter();
  const document = parseDocument(text, {
    strict: true,
    uniqueKeys: true,
    prettyErrors: false,
    logLevel: "error",
    lineCounter,
  });
  const placeOf = (offset: number): Position => {
    const { line, col } = lineCounter.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  if (document.errors.length > 0) {
    const lines = document.errors.map(({ message, pos }) => `${said(placeOf(pos[0]))}: ${message.split("\n", 1)[0]}`);
    throw new BulkheadError("SERVICE_SYNTAX", { operation: "parse", path, detail: lines.join("\n") });
  }
  const positionOf = (parts: readonly PropertyKey[]): Position => {
    let node: unknown = document.contents;
    let offset = 0;
    for (const part of parts) {
      if (isMap(node)) {
        const pair = node.items.find(({ key }) => keyOf(key) === String(part));
        if (pair === undefined) break;
        offset = startOf(pair.key) ?? offset;
        node = pair.value;
      } else if (isSeq(node)) {
        node = node.items[Number(part)];
        offset = startOf(node) ?? offset;
      } else break;
    }
    return placeOf(offset);
  };
  return { value: plainValue(() => document.toJS({ maxAliasCount: 0 }), path), positionOf };
}

export function said({ line, column }: Position): string {
  return `line ${line}, column ${column}`;
}

/** Aliases are off, because a few lines of them can expand to gigabytes. */
function plainValue(read: () => unknown, path: string): unknown {
  try {
    return read();
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new BulkheadError("SERVICE_SYNTAX", { operation: "parse", path, detail, cause });
  }
}

function keyOf(key: unknown): string | undefined {
  return typeof key === "object" && key !== null && "value" in key ? String(key.value) : undefined;
}

function startOf(node: unknown): number | undefined {
  if (typeof node !== "object" || node === null || !("range" in node) || !Array.isArray(node.range)) return undefined;
  const [start] = node.range as readonly unknown[];
  return typeof start === "number" ? start : undefined;
}
