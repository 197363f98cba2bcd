import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { bootId } from "./boot-id.js";

const MOST_KEPT = 32;

/** What was found out by trying since this machine was booted: another kernel or another hypervisor below may change any of it. */
export class Trials<Trial> {
  readonly #path: string;
  readonly #isTrial: (value: unknown) => value is Trial;
  readonly #bootId: string;

  /** `path`: the file that it is kept in. */
  constructor(path: string, isTrial: (value: unknown) => value is Trial) {
    this.#path = path;
    this.#isTrial = isTrial;
    this.#bootId = bootId();
  }

  recall(key: string): Trial | undefined {
    const found = this.#read()[key];
    return this.#isTrial(found) ? found : undefined;
  }

  /** Best effort: who cannot write it tries again, and nothing is weaker for it, only slower. */
  remember(key: string, trial: Trial): void {
    try {
      const kept = Object.entries({ ...this.#read(), [key]: trial }).slice(-MOST_KEPT);
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      const fresh = `${this.#path}.${process.pid}`;
      writeFileSync(fresh, JSON.stringify({ bootId: this.#bootId, trials: Object.fromEntries(kept) }), { mode: 0o600 });
      renameSync(fresh, this.#path);
    } catch {
      return;
    }
  }

  #read(): Readonly<Record<string, unknown>> {
    try {
      const kept: unknown = JSON.parse(readFileSync(this.#path, "utf8"));
      if (typeof kept !== "object" || kept === null) return {};
      const { bootId: boot, trials } = kept as { readonly bootId?: unknown; readonly trials?: unknown };
      const ours = boot === this.#bootId && typeof trials === "object" && trials !== null;
      return ours ? (trials as Readonly<Record<string, unknown>>) : {};
    } catch {
      return {};
    }
  }
}
