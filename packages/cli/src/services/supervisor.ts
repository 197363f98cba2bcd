import { BulkheadError } from "bulkhead";
import {
  type Change,
  type ComponentStatus,
  type OutputEvent,
  type RunningService,
  Service,
  type ServiceEvent,
  type UpOptions,
} from "bulkhead/services";
import { requireBlast } from "./blast.js";
import type { Request } from "./control/messages.js";
import type { Connected } from "./control/server.js";
import { ControlServer } from "./control/server.js";
import { execInside } from "./exec-inside.js";
import { History } from "./history.js";
import { LogFiles } from "./log-files.js";
import { requireHiddenHere } from "./notify-socket.js";

/** A follower that does not read for so long is let go: it must not hold up a component. */
const MOST_WAITING = 4 * 1024 * 1024;

export interface SupervisorOptions extends Omit<UpOptions, "onEvent"> {
  readonly onEvent: (event: ServiceEvent) => Promise<void>;
  /** Directory for log files; undefined: no files. */
  readonly logs?: string;
}

interface Follower {
  /** Components; none: all. */
  readonly wanted: readonly string[];
  /** Bytes that may wait for it, the history that it got first included. */
  readonly most: number;
}

/** A running service that other commands can manage through its control socket. */
export class Supervisor {
  readonly #history = new History();
  readonly #followers = new Map<Connected, Follower>();
  readonly #logFiles: LogFiles | undefined;
  readonly #options: SupervisorOptions;
  readonly #states = new Map<string, ComponentStatus>();
  readonly #stop = new AbortController();
  #service: Service;
  #running: RunningService | undefined;
  #control: ControlServer | undefined;

  constructor(service: Service, options: SupervisorOptions) {
    this.#service = service;
    this.#options = options;
    this.#logFiles = options.logs === undefined ? undefined : new LogFiles(options.logs);
  }

  /** Starts the service. Resolves when it is ready. @throws BulkheadError SERVICE_RUNNING, and as `service.up` */
  async start(): Promise<RunningService> {
    this.#control = await ControlServer.open(this.#service.name, async (...asked) => await this.#answer(...asked));
    const { onEvent: _, logs: __, ...options } = this.#options;
    try {
      this.#running = await this.#service.up({
        ...options,
        signal: AbortSignal.any([this.#stop.signal, ...(options.signal === undefined ? [] : [options.signal])]),
        onEvent: async (event) => await this.#onEvent(event),
      });
    } catch (error) {
      await this.close();
      throw error;
    }
    return this.#running;
  }

  async close(): Promise<void> {
    for (const { socket } of this.#followers.keys()) socket.end();
    await this.#control?.close();
    this.#logFiles?.close();
  }

  async #onEvent(event: ServiceEvent): Promise<void> {
    if (event.kind === "output") {
      this.#history.add(event);
      for (const [follower, wanted] of this.#followers) this.#tell(follower, wanted, event);
    }
    if (event.kind === "state") this.#states.set(event.status.name, event.status);
    await this.#options.onEvent(event);
    // Last: a full disk must keep the output from nothing else.
    if (event.kind === "output") {
      const { components } = this.#running?.spec ?? this.#service.spec;
      const spec = components.find(({ name }) => name === event.component);
      this.#logFiles?.add(event, spec);
    }
  }

  #tell(follower: Connected, { wanted, most }: Follower, event: OutputEvent): void {
    if (wanted.length > 0 && !wanted.includes(event.component)) return;
    const { socket } = follower;
    if (socket.destroyed || socket.writableLength > most) {
      socket.destroy();
      this.#followers.delete(follower);
    } else socket.write(`${JSON.stringify(event)}\n`);
  }

  async #answer(request: Request, reply: (value: object) => boolean, connection: Connected): Promise<void> {
    if (request.op === "status") {
      reply({ name: this.#service.name, components: this.#running?.status() ?? [...this.#states.values()] });
    } else if (request.op === "logs") await this.#logs(request, reply, connection);
    else if (request.op === "down") {
      this.#stop.abort();
      await this.#running?.down();
      reply({ down: this.#service.name });
    } else await this.#manage(request, reply, connection);
  }

  async #manage(
    request: Exclude<Request, { op: "status" | "logs" | "down" }>,
    reply: (value: object) => boolean,
    connection: Connected,
  ): Promise<void> {
    const running = this.#running;
    if (running === undefined) {
      throw new BulkheadError("SERVICE_NOT_RUNNING", { operation: request.op, detail: "it is still starting" });
    }
    switch (request.op) {
      case "start":
      case "stop":
      case "restart":
        await running[request.op](request.component);
        reply({ components: running.status() });
        return;
      case "change":
        reply({ changes: await this.#change(running, request) });
        return;
      case "verify":
        reply(await running.verify());
        return;
      case "exec":
        await execInside(running, request, reply, connection);
        return;
    }
  }

  async #logs(
    { components, follow }: Extract<Request, { op: "logs" }>,
    reply: (value: object) => boolean,
    connection: Connected,
  ): Promise<void> {
    const unknown = components.find((name) => !this.#service.spec.components.some((one) => one.name === name));
    if (unknown !== undefined) throw new BulkheadError("COMPONENT_UNKNOWN", { detail: unknown.slice(0, 64) });
    for (const line of this.#history.lines(components)) reply(line);
    if (!follow) return;
    const most = connection.socket.writableLength + MOST_WAITING;
    this.#followers.set(connection, { wanted: components, most });
    await new Promise((resolve) =>
      connection.socket.once("close", resolve).once("end", resolve).once("finish", resolve),
    );
    this.#followers.delete(connection);
  }

  async #change(
    running: RunningService,
    { file, dryRun, maxBlast }: Extract<Request, { op: "change" }>,
  ): Promise<readonly Change[]> {
    const service = await Service.load(file);
    // The command has checked a file that may have changed since.
    requireBlast(service, maxBlast);
    requireHiddenHere(this.#options.broker, service.spec);
    if (dryRun) return await running.changes(service.spec);
    const changes = await running.change(service.spec);
    this.#service = service;
    return changes;
  }
}
