/** Keys above this are not kept: tenants choose some of them. */
const LONGEST_KEY = 8_192;
const MOST_KEPT = 256;

/**
 * Keeps what was made of texts, so that the same text is not read and checked at each request. Errors are not kept.
 * Callers share a value, so they must not change it.
 */
export class Memo<Value> {
  readonly #kept = new Map<string, Value>();

  of(key: string, make: () => Value): Value {
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const made = make();
    if (key.length <= LONGEST_KEY) {
      if (this.#kept.size >= MOST_KEPT) this.#kept.clear();
      this.#kept.set(key, made);
    }
    return made;
  }
}
