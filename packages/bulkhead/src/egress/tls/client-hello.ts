/** The clear text of the first TLS message. */
export interface ClientHello {
  /** The requested name; null if there is none. */
  readonly serverName: string | null;
  /** Whether it contains another, encrypted one (ECH), or looks as if it did. */
  readonly encrypted: boolean;
}

/** What the bytes from inside are. `more`: not decidable yet. */
export type Hello =
  | { readonly kind: "hello"; readonly hello: ClientHello }
  | { readonly kind: "more" }
  | { readonly kind: "invalid" };

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const HOST_NAME = 0;
const ENCRYPTED_CLIENT_HELLO = 0xfe0d;
/** Older drafts of ECH, and ESNI before it: no server of today accepts them, so refuse them. */
const OLD_ENCRYPTED: ReadonlySet<number> = new Set([0xfe08, 0xfe09, 0xfe0a, 0xfe0c, 0xffce]);
/** Some clients send large post-quantum keys; none sends this much. */
export const LARGEST_HELLO = 32 * 1024;
/** More fragments are meant to hide the message, or to keep us busy. */
const MOST_RECORDS = 64;
const LARGEST_RECORD = 16 * 1024 + 256;

class Malformed extends Error {}

/**
 * Parses a ClientHello (RFC 8446 §4.1.2), which may be split into several records. Strict: inconsistent lengths, a
 * repeated extension, or two names are `invalid`, because a server might read them differently.
 */
export function readClientHello(bytes: Uint8Array): Hello {
  try {
    const message = handshakeMessage(bytes);
    if (message === undefined) return bytes.length > LARGEST_HELLO ? { kind: "invalid" } : { kind: "more" };
    return { kind: "hello", hello: parse(message) };
  } catch (error) {
    if (error instanceof Malformed) return { kind: "invalid" };
    throw error;
  }
}

/**
 * The body of the first handshake message, joined from its records. Undefined if incomplete. Ignores what follows: a
 * client that resumes sends data with its first message.
 */
function handshakeMessage(bytes: Uint8Array): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [type, major, , high, low] = bytes.subarray(at, at + 5);
    if (type !== HANDSHAKE || (major !== undefined && major !== 3)) throw new Malformed();
    if (high === undefined || low === undefined) break;
    const size = (high << 8) | low;
    if (size === 0 || size > LARGEST_RECORD || parts.length === MOST_RECORDS) throw new Malformed();
    parts.push(bytes.subarray(at + 5, at + 5 + size));
    at += 5 + size;
    const body = bodyOf(Buffer.concat(parts));
    if (body !== undefined) return body;
  }
  return undefined;
}

function bodyOf(message: Uint8Array): Uint8Array | undefined {
  const [type, a, b, c] = message;
  if (type !== undefined && type !== CLIENT_HELLO) throw new Malformed();
  if (a === undefined || b === undefined || c === undefined) return undefined;
  const size = (a << 16) | (b << 8) | c;
  if (size > LARGEST_HELLO) throw new Malformed();
  return message.length < 4 + size ? undefined : message.subarray(4, 4 + size);
}

function parse(message: Uint8Array): ClientHello {
  const reader = new Reader(message);
  reader.take(2 + 32); // version, random
  if (reader.vector(1).length > 32) throw new Malformed(); // session
  if (reader.vector(2).length % 2 !== 0) throw new Malformed(); // cipher suites
  reader.vector(1); // compression
  if (reader.isDone) return { serverName: null, encrypted: false };
  const extensions = new Reader(reader.vector(2));
  if (!reader.isDone) throw new Malformed();
  const seen = new Set<number>();
  let serverName: string | null = null;
  while (!extensions.isDone) {
    const type = extensions.number(2);
    const body = extensions.vector(2);
    if (seen.has(type)) throw new Malformed();
    seen.add(type);
    if (type === SERVER_NAME) serverName = nameIn(body);
  }
  return {
    serverName,
    encrypted: [...seen].some((type) => type === ENCRYPTED_CLIENT_HELLO || OLD_ENCRYPTED.has(type)),
  };
}

/** RFC 6066 §3. */
function nameIn(body: Uint8Array): string {
  const outer = new Reader(body);
  const list = new Reader(outer.vector(2));
  const type = list.number(1);
  const name = list.vector(2);
  if (!list.isDone || !outer.isDone || type !== HOST_NAME || name.length === 0 || name.length > 255)
    throw new Malformed();
  if (!name.every((byte) => byte > 0x20 && byte < 0x7f)) throw new Malformed();
  return Buffer.from(name).toString("latin1");
}

/** Reads the available bytes and no more. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isDone(): boolean {
    return this.#at === this.#bytes.length;
  }

  take(count: number): Uint8Array {
    const end = this.#at + count;
    if (end > this.#bytes.length) throw new Malformed();
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  number(bytes: 1 | 2): number {
    return this.take(bytes).reduce((value, byte) => (value << 8) | byte, 0);
  }

  vector(lengthBytes: 1 | 2): Uint8Array {
    return this.take(this.number(lengthBytes));
  }
}
