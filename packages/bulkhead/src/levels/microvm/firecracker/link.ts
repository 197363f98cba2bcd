import type { Socket } from "node:net";
import type { Plan } from "../../../plan/schema.js";
import type { SavedFile } from "../../driver.js";
import { isRestored, MEMORY, SNAPSHOT } from "../machine.js";
import type { MonitorLink } from "../monitor.js";
import { FirecrackerApi } from "./api.js";
import { requestsFor } from "./description.js";
import { receiveSnapshot } from "./received.js";

/** Where it writes a copy; the relay sends both files away from there, and removes them. */
const STATE_FILE = "/scratch/state";
const MEMORY_FILE = "/scratch/memory";
/** It answers when all memory is written, or read. */
const COPY_MS = 120_000;

/** Firecracker waits for requests. */
export class FirecrackerLink implements MonitorLink {
  readonly #api: FirecrackerApi;
  readonly #state: Socket;
  readonly #plan: Plan;

  constructor(plan: Plan, monitor: Socket, state: Socket) {
    this.#api = new FirecrackerApi(monitor);
    this.#state = state;
    this.#plan = plan;
  }

  async start(): Promise<void> {
    if (isRestored(this.#plan)) {
      const backend = { backend_type: "File", backend_path: MEMORY };
      const body = { snapshot_path: SNAPSHOT, mem_backend: backend, resume_vm: false };
      await this.#api.put("/snapshot/load", body, COPY_MS);
      return;
    }
    for (const [path, body] of requestsFor(this.#plan)) await this.#api.put(path, body);
    await this.#api.put("/actions", { action_type: "InstanceStart" });
  }

  async resume(): Promise<void> {
    await this.#api.call("PATCH", "/vm", { state: "Resumed" });
  }

  async save(file: string, most: number): Promise<readonly SavedFile[]> {
    await this.#api.call("PATCH", "/vm", { state: "Paused" });
    const body = { snapshot_type: "Full", snapshot_path: STATE_FILE, mem_file_path: MEMORY_FILE };
    await this.#api.put("/snapshot/create", body, COPY_MS);
    return await receiveSnapshot(this.#state, file, most);
  }
}
