import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Plan } from "../../../plan/schema.js";
import type { SavedFile } from "../../driver.js";
import { isRestored, startsReady } from "../machine.js";
import type { MonitorLink } from "../monitor-link.js";
import { Qmp } from "./qmp.js";
import { saveState } from "./save.js";

/** Between two looks whether a snapshot is loaded. */
const LOADING_MS = 10;

/** QEMU boots by itself: its command line says everything. */
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
    while ((await this.#qmp.execute("query-status"))["status"] === "inmigrate") await sleep(LOADING_MS);
  }

  async resume(): Promise<void> {
    await this.#qmp.execute("cont");
  }

  async save(file: string, most: number): Promise<readonly SavedFile[]> {
    await this.#qmp.execute("stop");
    return [await saveState(this.#qmp, this.#state, file, most)];
  }
}
