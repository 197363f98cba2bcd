import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isFacts } from "../../../broker/facts.js";
import { isObject } from "../../../channel/json.js";
import { bootId } from "../../../host/boot-id.js";
import type { Facts } from "../../../host/facts.js";

/** What trying a monitor told. */
export type Trial =
  | { readonly works: true; readonly facts: Facts; readonly bootMs: number }
  | { readonly works: false; readonly why: string };

const FILE = "monitors.json";
const MOST_KEPT = 32;

/** What was found out since this machine was booted: another kernel or another hypervisor below may change any of it. */
export class Trials {
  readonly #path: string;
  readonly #bootId: string;

  constructor(directory: string) {
    this.#path = join(directory, FILE);
    this.#bootId = bootId();
  }

  recall(key: string): Trial | undefined {
    const found = this.#read()[key];
    return isTrial(found) ? found : undefined;
  }

  /** Best effort: who cannot write it tries again. */
  remember(key: string, trial: Trial): void {
    try {
      const kept = Object.entries({ ...this.#read(), [key]: trial }).slice(-MOST_KEPT);
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      const fresh = `${this.#path}.${process.pid}`;
      writeFileSync(fresh, JSON.stringify({ bootId: this.#bootId, trials: Object.fromEntries(kept) }), { mode: 0o600 });
      renameSync(fresh, this.#path);
    } catch {
      // Nothing is weaker for it, only slower.
    }
  }

  #read(): Readonly<Record<string, unknown>> {
    try {
      const kept: unknown = JSON.parse(readFileSync(this.#path, "utf8"));
      if (!isObject(kept) || kept["bootId"] !== this.#bootId) return {};
      return isObject(kept["trials"]) ? kept["trials"] : {};
    } catch {
      return {};
    }
  }
}

function isTrial(value: unknown): value is Trial {
  if (!isObject(value)) return false;
  return value["works"] === true
    ? isFacts(value["facts"]) && typeof value["bootMs"] === "number"
    : value["works"] === false && typeof value["why"] === "string";
}
