import { Transform } from "node:stream";

const MASK = "*".charCodeAt(0);
/**
 * Requests with Basic credentials create derived values; above this number a sandbox's request is refused, so that none
 * is forgotten.
 */
const MOST_FORMS = 1024;

/** Redacts secrets in answers. The replacement has the same length, so nothing around it changes. */
export class Redactor {
  readonly #forms = new Map<string, Buffer>();

  constructor(values: readonly string[]) {
    for (const value of values) this.#addFormsOf(value);
  }

  /** Whether there is nothing to redact. */
  get isIdle(): boolean {
    return this.#forms.size === 0;
  }

  /** Adds a derived value. Returns whether there was room for it. */
  add(text: string): boolean {
    if (!this.#forms.has(text) && this.#forms.size >= MOST_FORMS) return false;
    this.#forms.set(text, Buffer.from(text, "latin1"));
    return true;
  }

  text(text: string): string {
    if (this.isIdle) return text;
    const bytes = Buffer.from(text, "latin1");
    this.#cover(bytes);
    return bytes.toString("latin1");
  }

  /** A stream that redacts, across chunk borders too. It holds back only bytes that may begin a secret. */
  stream(): Transform {
    let held: Buffer = Buffer.alloc(0);
    return new Transform({
      transform: (chunk: Uint8Array, _encoding, callback) => {
        const bytes = Buffer.concat([held, chunk]);
        this.#cover(bytes);
        const keep = this.#beginningAtEnd(bytes);
        held = bytes.subarray(bytes.length - keep);
        callback(null, bytes.subarray(0, bytes.length - keep));
      },
      flush: (callback) => callback(null, held),
    });
  }

  /** The forms in which programs write a string that they received. */
  #addFormsOf(value: string): void {
    const url = encodeURIComponent(value);
    const html = value
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      .replaceAll('"', "&quot;");
    for (const form of [value, url, url.replaceAll("%20", "+"), JSON.stringify(value).slice(1, -1), html])
      this.add(form);
    for (const encoding of ["base64", "base64url", "hex"] as const) this.add(Buffer.from(value).toString(encoding));
  }

  #cover(bytes: Buffer): void {
    for (const form of this.#forms.values()) {
      for (let at = bytes.indexOf(form); at >= 0; at = bytes.indexOf(form, at + form.length)) {
        bytes.fill(MASK, at, at + form.length);
      }
    }
  }

  /** Number of bytes at the end that may begin a secret. */
  #beginningAtEnd(bytes: Buffer): number {
    let longest = 0;
    for (const form of this.#forms.values()) {
      const most = Math.min(form.length - 1, bytes.length);
      for (let length = most; length > longest; length -= 1) {
        if (bytes[bytes.length - length] !== form[0]) continue;
        if (bytes.compare(form, 0, length, bytes.length - length) === 0) longest = length;
      }
    }
    return longest;
  }
}
