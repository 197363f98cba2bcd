import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { BulkheadError } from "../../../errors/bulkhead-error.js";
import type { Plan } from "../../../plan/schema.js";
import type { SavedFile } from "../../driver.js";
import { isRestored, startsReady } from "../machine.js";
import type { MonitorLink } from "../monitor.js";
import { Qmp } from "./qmp.js";
import { saveState } from "./save.js";

/** Interval between checks of the monitor's state. */
const BUSY_MS = 5;
/** How long it may stay busy. */
const STATUS_MS = 120_000;

/** QEMU boots by itself: its command line contains all settings. */
export class QemuLink implements MonitorLink {
  readonly #qmp: Qmp;
  readonly #state: Socket;
  readonly #loads: boolean;

  constructor(plan: Plan, monitor: Socket, state: Socket) {
    this.#qmp = new Qmp(monitor);
    this.#state = state;
    this.#loads = isRestored(plan) || startsReady(plan);
  }

  async start(): Promise<void> {
    if (!this.#loads) return;
    await this.#leaves("inmigrate");
  }

  async resume(): Promise<void> {
    await this.#qmp.execute("cont");
  }

  async save(file: string, most: number): Promise<readonly SavedFile[]> {
    await this.#qmp.execute("stop");
    const saved = await saveState(this.#qmp, this.#state, file, most);
    // It reports completion a moment before it would continue.
    await this.#leaves("finish-migrate");
    return [saved];
  }

  /** @throws BulkheadError VMM_FAILED when it never does */
  async #leaves(status: "inmigrate" | "finish-migrate"): Promise<void> {
    const end = performance.now() + STATUS_MS;
    while ((await this.#qmp.execute("query-status"))["status"] === status) {
      if (performance.now() > end)
        throw new BulkheadError("VMM_FAILED", { operation: "qmp", detail: `still ${status}` });
      await sleep(BUSY_MS);
    }
  }
}
