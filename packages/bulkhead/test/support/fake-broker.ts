import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeMessage, MessageDecoder } from "../../src/broker/wire.js";
import type { JsonObject } from "../../src/channel/json.js";
import { FULL_FACTS } from "./facts.js";

export const SESSION = "0123456789abcdef0123456789abcdef";
export const STATS = {
  memoryBytes: 1,
  memoryPeakBytes: 2,
  cpuUs: 3000,
  pids: 1,
  oomKills: 0,
  pidsExceeded: 0,
  diskFull: false,
};
export const EVIDENCE = {
  verdict: { inForce: ["no-new-privs", "seccomp"], contradicted: ["landlock"] },
  init: {
    pid: 7,
    uid: [1, 1, 1, 1],
    gid: [1, 1, 1, 1],
    capabilities: { permitted: "0", effective: "0", bounding: "0", ambient: "0" },
    noNewPrivs: true,
    seccomp: 2,
    seccompFilters: 1,
    namespaces: { mnt: "own" },
    lsm: null,
  },
  cgroup: { version: 2, memoryMax: 1, pidsMax: 1, cpuMax: null },
  landlock: { abi: 5 },
  mounts: { rootReadOnly: true, count: 9 },
};

/** A system broker in the hands of a test. */
export class FakeBroker {
  readonly path: string;
  readonly requests: JsonObject[] = [];
  /** Connections that carried a launch, with the plan's id. */
  readonly launches: { readonly id: string; readonly socket: Socket }[] = [];
  hello: JsonObject;
  control: Socket | undefined;
  readonly #directory: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #waiting: (() => void)[] = [];

  constructor() {
    this.#directory = mkdtempSync(join(tmpdir(), "bulkhead-fake-"));
    this.path = join(this.#directory, "socket");
    const limits = { memoryBytes: null, pids: 10, milliCpus: null, sandboxes: null };
    this.hello = {
      type: "hello",
      generation: 1,
      version: "0.1.0",
      session: SESSION,
      socket: this.path,
      facts: FULL_FACTS,
      limits,
    };
    this.#server = createServer((socket) => this.#accept(socket)).listen(this.path);
  }

  tell(message: object): void {
    this.control?.write(encodeMessage(JSON.stringify(message)));
  }

  /** Waits until something is true of what has arrived. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    rmSync(this.#directory, { recursive: true });
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    const decoder = new MessageDecoder((message) => this.#receive(socket, message));
    // After a launch come the channel's own bytes, which are none of a broker's business.
    socket.on("data", (chunk: Buffer) => {
      if (!this.launches.some((launch) => launch.socket === socket)) decoder.push(chunk);
    });
    socket.on("error", () => undefined);
  }

  #receive(socket: Socket, message: JsonObject): void {
    if (message["type"] === "control") {
      this.control = socket;
      this.tell(this.hello);
    } else if (message["type"] === "launch") {
      this.launches.push({ id: String((message["plan"] as JsonObject)["id"]), socket });
    } else {
      this.requests.push(message);
    }
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
