/** One question of RFC 1035. */
export interface Question {
  readonly id: number;
  readonly name: string;
  readonly type: number;
  /** The raw bytes, which the answer repeats. */
  readonly bytes: Buffer;
  readonly recursionDesired: boolean;
}

export const Type = { a: 1, any: 255 } as const;
export const Code = { none: 0, form: 1, failure: 2, nameError: 3, refused: 5 } as const;

const HEADER = 12;
const IN = 1;
/** Seconds. The address stays the name's, but the rules may change. */
const TTL = 10;

/** Parses a query with one question. Undefined if it deserves no answer. */
export function readQuery(message: Buffer): Question | undefined {
  if (message.length < HEADER) return undefined;
  const flags = message.readUInt16BE(2);
  const isQuery = (flags & 0xf800) === 0;
  if (!isQuery || message.readUInt16BE(4) !== 1) return undefined;
  const labels: string[] = [];
  let at = HEADER;
  for (;;) {
    const length = message[at];
    // The first name of a message cannot contain a pointer.
    if (length === undefined || length > 63) return undefined;
    at += 1;
    if (length === 0) break;
    const label = message.subarray(at, at + length);
    // A dot within a label would make it a different name as text.
    if (label.length < length || !/^[A-Za-z0-9_-]+$/.test(label.toString("latin1"))) return undefined;
    labels.push(label.toString("latin1"));
    at += length;
    if (at - HEADER > 255) return undefined;
  }
  if (message.length < at + 4 || message.readUInt16BE(at + 2) !== IN) return undefined;
  return {
    id: message.readUInt16BE(0),
    name: labels.join(".").toLowerCase(),
    type: message.readUInt16BE(at),
    bytes: Buffer.from(message.subarray(HEADER, at + 4)),
    recursionDesired: (flags & 0x0100) !== 0,
  };
}

/** The answer to `question`: a code, and an IPv4 address where there is one. */
export function answerTo(question: Question, code: number, address?: string): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeUInt16BE(question.id, 0);
  // A response, recursion available.
  header.writeUInt16BE(0x8080 | (question.recursionDesired ? 0x0100 : 0) | code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(address === undefined ? 0 : 1, 6);
  if (address === undefined) return Buffer.concat([header, question.bytes]);
  const record = Buffer.alloc(16);
  record.writeUInt16BE(0xc000 | HEADER, 0);
  record.writeUInt16BE(Type.a, 2);
  record.writeUInt16BE(IN, 4);
  record.writeUInt32BE(TTL, 6);
  record.writeUInt16BE(4, 10);
  Buffer.from(address.split(".").map(Number)).copy(record, 12);
  return Buffer.concat([header, question.bytes, record]);
}
