import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { bootId } from "./boot-id.js";

const MOST_KEPT = 32;

/** Results of trials since this machine booted: another kernel or hypervisor may change any of them. */
export class Trials<Trial> {
  readonly #path: string;
  readonly #isTrial: (value: unknown) => value is Trial;
  readonly #bootId: string;

  /** `path`: the file that stores the results. */
  constructor(path: string, isTrial: (value: unknown) => value is Trial) {
    this.#path = path;
    this.#isTrial = isTrial;
    this.#bootId = bootId();
  }

  recall(key: string): Trial | undefined {
    const found = this.#read()[key];
    return this.#isTrial(found) ? found : undefined;
  }

  /** Best effort: without a stored result the next process tries again, which is slower but no weaker. */
  remember(key: string, trial: Trial): void {
    try {
      const stored = Object.entries({ ...this.#read(), [key]: trial }).slice(-MOST_KEPT);
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      const fresh = `${this.#path}.${process.pid}`;
      writeFileSync(fresh, JSON.stringify({ bootId: this.#bootId, trials: Object.fromEntries(stored) }), {
        mode: 0o600,
      });
      renameSync(fresh, this.#path);
    } catch {
      return;
    }
  }

  #read(): Readonly<Record<string, unknown>> {
    try {
      const stored: unknown = JSON.parse(readFileSync(this.#path, "utf8"));
      if (typeof stored !== "object" || stored === null) return {};
      const { bootId: boot, trials } = stored as { readonly bootId?: unknown; readonly trials?: unknown };
      const ours = boot === this.#bootId && typeof trials === "object" && trials !== null;
      return ours ? (trials as Readonly<Record<string, unknown>>) : {};
    } catch {
      return {};
    }
  }
}
