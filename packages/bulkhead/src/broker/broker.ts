import { connect, type Socket } from "node:net";
import { requireArguments } from "../arguments/require.js";
import { hostPath, oneOf } from "../arguments/values.js";
import type { JsonObject } from "../channel/json.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { errorFromWire } from "../errors/wire.js";
import type { Facts } from "../host/facts.js";
import type { Plan } from "../plan/schema.js";
import { deferred } from "../values/deferred.js";
import { defined } from "../values/defined.js";
import { Control } from "./control.js";
import { Launch } from "./launch.js";
import { type BrokerLimits, type Hello, readHello } from "./messages.js";
import { type ExpectedLevel, type PrivateProcess, startPrivate } from "./private-process.js";
import { encodeMessage } from "./wire.js";

const expected = oneOf<ExpectedLevel>("chroot", "container");

/** How long a broker may take to send its hello. */
const HELLO_MS = 10_000;
/**
 * Bytes that may wait for a channel before its streams see backpressure: Node's default of 16 KiB is less than one
 * frame, and costs a turn of the event loop for each.
 */
const CHANNEL_WAITING_BYTES = 262_144;

/** The process that creates sandboxes: a private child of this process, or the system's. See `docs/control.md`. */
export class Broker {
  readonly #control: Control;
  readonly #launches = new Map<string, Launch>();
  #hello: Hello | undefined;
  readonly #firstHello = deferred<Hello>();

  private constructor(socket: Socket, lastWords: () => string) {
    this.#control = new Control(
      socket,
      { message: (type, message) => this.#receive(type, message), lost: (error) => this.#lose(error) },
      lastWords,
    );
  }

  /**
   * This process's own broker: started at first use, and restarted if it was lost. It needs no installation, does not
   * keep the process alive, and ends with this process, however that ends.
   * @throws BulkheadError SETUP_MISSING, BROKER_UNAVAILABLE, BROKER_INCOMPATIBLE
   */
  static async private(expect: ExpectedLevel = "container"): Promise<Broker> {
    requireArguments("Broker.private", ["expect", expected, expect]);
    return await shared("", () => Broker.#start(startPrivate(expect)));
  }

  /**
   * A system broker (`warden broker --socket PATH`); this process opens one connection for each path.
   * @throws BulkheadError BROKER_UNAVAILABLE, BROKER_INCOMPATIBLE, CALLER_REFUSED
   */
  static async connect(path: string): Promise<Broker> {
    requireArguments("Broker.connect", ["path", hostPath, path]);
    return await shared(path, () => Broker.#connect(path));
  }

  /**
   * The broker at `path`, or at BULKHEAD_BROKER, or the private one. A private broker that starts now is told which
   * level to expect.
   */
  static default(path: string | undefined = process.env["BULKHEAD_BROKER"], expect?: ExpectedLevel): Promise<Broker> {
    return path === undefined || path === "" ? Broker.private(expect) : Broker.connect(path);
  }

  /** The same broker, if it has already sent its hello. */
  static present(path: string | undefined = process.env["BULKHEAD_BROKER"]): Broker | undefined {
    const broker = present.get(path ?? "");
    return broker?.alive === true ? broker : undefined;
  }

  get facts(): Facts {
    return this.#greeting().facts;
  }

  get limits(): BrokerLimits {
    return this.#greeting().limits;
  }

  /** Version of the warden. */
  get version(): string {
    return this.#greeting().version;
  }

  /** False once the broker is gone. */
  get alive(): boolean {
    return this.#control.lost === undefined;
  }

  /**
   * Requests a sandbox. Returns at once: data written to the launch's transport leaves with the plan, in one write.
   * @throws BulkheadError BROKER_LOST
   */
  launch(plan: Plan): Launch {
    const { session, socket } = this.#greeting();
    if (this.#control.lost !== undefined) {
      throw this.#control.lost;
    }
    const message = encodeMessage(JSON.stringify({ type: "launch", session, plan }));
    // A separate object, because the types do not know that this option is passed on to the stream.
    const options = { path: socket, writableHighWaterMark: CHANNEL_WAITING_BYTES };
    const transport = connect(options);
    // The control connection never reports a launch whose connection failed.
    transport.once("error", (cause) => this.#failLaunch(plan.id, cause));
    transport.cork();
    process.nextTick(() => transport.uncork());
    const launch = new Launch(plan.id, transport, message, this.#control);
    this.#launches.set(plan.id, launch);
    const forget = () => this.#launches.delete(launch.id);
    launch.ended.then(forget, forget);
    return launch;
  }

  /**
   * Opens another connection for the sandbox `id`, before or after its launch: the descriptor that its plan calls
   * `name`. It ends when that descriptor is closed, and within 10 s if no launch asks for it. Data from it is hostile.
   * @throws BulkheadError BROKER_LOST
   */
  attach(id: string, name: string): Socket {
    return this.#tell({ type: "attach", id, name });
  }

  /**
   * As {@link attach}, but waits until the broker knows the connection's purpose: from then on another process may use
   * it.
   * @throws BulkheadError BROKER_LOST
   */
  async attached(id: string, name: string): Promise<Socket> {
    return await this.#told({ type: "attach", id, name });
  }

  /**
   * Opens a hub `id`: the process that has this connection gets, over it, its end of the connections that {@link join}
   * makes, with the id of each one's sandbox. A second hub of this id takes the place of the first.
   * @throws BulkheadError BROKER_LOST
   */
  async hub(id: string): Promise<Socket> {
    return await this.#told({ type: "hub", id });
  }

  /**
   * As {@link attach}, but the other end is a hub's. Resolves with false if there is no such hub, or not yet.
   * @throws BulkheadError BROKER_LOST
   */
  async join(id: string, name: string, hub: string): Promise<boolean> {
    const connection = this.#tell({ type: "attach", id, name, hub });
    return await new Promise<boolean>((resolve, reject) => {
      connection.once("error", (cause) => reject(new BulkheadError("BROKER_LOST", { operation: "join", cause })));
      connection.once("data", () => resolve(true));
      connection.once("close", () => resolve(false));
    });
  }

  /** Ends the connection, and every sandbox created through it. */
  close(): void {
    this.#control.close();
  }

  static async #connect(path: string): Promise<Broker> {
    const socket = connect({ path });
    const broker = new Broker(socket, () => path);
    broker.#control.send({ type: "control" });
    return await broker.#waitForHello();
  }

  static async #start({ control, lastWords }: PrivateProcess): Promise<Broker> {
    return await new Broker(control, lastWords).#waitForHello();
  }

  async #waitForHello(): Promise<Broker> {
    this.#control.hold();
    const timer = setTimeout(() => this.#firstHello.reject(unavailable("no hello in time")), HELLO_MS);
    try {
      this.#hello = await this.#firstHello.promise;
      return this;
    } catch (error) {
      this.#control.close();
      throw error;
    } finally {
      clearTimeout(timer);
      this.#control.release();
    }
  }

  #receive(type: string, message: JsonObject): void {
    if (this.#hello === undefined) {
      this.#receiveHello(type, message);
      return;
    }
    const id = message["id"];
    const launch = typeof id === "string" ? this.#launches.get(id) : undefined;
    if (launch === undefined) {
      return;
    }
    launch.receive(type, message);
  }

  #receiveHello(type: string, message: JsonObject): void {
    if (type === "refused") {
      // An error instead of a hello: this user may not use this broker.
      throw errorFromWire(message["error"], "CALLER_REFUSED");
    }
    if (type === "hello") {
      this.#hello = readHello(message);
      this.#firstHello.resolve(this.#hello);
    }
  }

  #failLaunch(id: string, cause: Error): void {
    const launch = this.#launches.get(id);
    if (launch !== undefined && (cause as NodeJS.ErrnoException).syscall === "connect") {
      launch.fail(unavailable("launch", cause));
    }
  }

  #lose(error: BulkheadError): void {
    const detail = defined({ detail: error.detail });
    this.#firstHello.reject(
      error.code === "BROKER_LOST"
        ? new BulkheadError("BROKER_UNAVAILABLE", { operation: "hello", cause: error, ...detail })
        : error,
    );
    for (const launch of this.#launches.values()) {
      launch.fail(error);
    }
  }

  /** Opens a connection of this session. */
  #tell(opening: JsonObject): Socket {
    const { session, socket } = this.#greeting();
    if (this.#control.lost !== undefined) {
      throw this.#control.lost;
    }
    const connection = connect({ path: socket });
    connection.write(encodeMessage(JSON.stringify({ ...opening, session })));
    return connection;
  }

  /** As {@link #tell}, for another process: this one reads nothing from it. */
  async #told(opening: JsonObject): Promise<Socket> {
    const connection = this.#tell(opening);
    connection.pause();
    await new Promise<void>((resolve, reject) => {
      const operation = String(opening["type"]);
      connection.on("error", (cause) => reject(new BulkheadError("BROKER_LOST", { operation, cause })));
      // Queued behind the message that states the purpose.
      connection.write("", () => resolve());
    });
    return connection;
  }

  #greeting(): Hello {
    if (this.#hello === undefined) {
      throw unavailable("hello");
    }
    return this.#hello;
  }
}

const brokers = new Map<string, Promise<Broker>>();
const present = new Map<string, Broker>();

/** Shares one broker for each key; a lost broker, or one that failed to start, is created anew. */
async function shared(key: string, make: () => Promise<Broker>): Promise<Broker> {
  const made = brokers.get(key);
  if (made !== undefined) {
    const broker = await made.catch(() => undefined);
    if (broker?.alive === true) {
      return broker;
    }
    if (brokers.get(key) === made) {
      brokers.delete(key);
    }
    return await shared(key, make);
  }
  const making = make();
  brokers.set(key, making);
  making.catch(() => {
    if (brokers.get(key) === making) {
      brokers.delete(key);
    }
  });
  const broker = await making;
  present.set(key, broker);
  return broker;
}

function unavailable(operation: string, cause?: unknown): BulkheadError {
  return new BulkheadError("BROKER_UNAVAILABLE", { operation, ...defined({ cause }) });
}
