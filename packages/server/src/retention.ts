import type { Core } from "./operations/core.js";

const PERIOD_MS = 600_000;
const DAY_MS = 86_400_000;
/** Rows of sandboxes, and of executions, that have ended: of one project, whose tenant could fill the disk. */
const MAX_ROWS = 100_000;

/** Removes what has ended long ago: rows of the store, and lines of the audit log. */
export class Retention {
  readonly #core: Core;
  readonly #keepMs: number;
  readonly #timer: NodeJS.Timeout;

  /** `keepDays`: null keeps the audit log for ever, and of each project the newest rows. */
  constructor(core: Core, keepDays: number | null) {
    this.#core = core;
    this.#keepMs = keepDays === null ? Number.POSITIVE_INFINITY : keepDays * DAY_MS;
    this.#timer = setInterval(() => void this.apply().catch(core.onError), PERIOD_MS).unref();
  }

  async apply(): Promise<void> {
    const { store, audit } = this.#core;
    await store.forgetEndedBeyond(MAX_ROWS);
    const before = Date.now() - this.#keepMs;
    if (!Number.isFinite(before)) return;
    await store.forgetEndedBefore(before);
    await audit.prune(before);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
