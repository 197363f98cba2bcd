import { BulkheadError } from "../../errors/bulkhead-error.js";
import { printableLine } from "../../errors/describe.js";
import type { PrepareOptions } from "../../sandbox/prepare/options.js";
import { createWithoutLinks, liveOf, type Sandbox } from "../../sandbox/sandbox.js";
import type { Process } from "../../session/process.js";
import { after, pause } from "../../session/timer.js";
import { deferred } from "../../values/deferred.js";
import { defined } from "../../values/defined.js";
import type { Bridge } from "../channels/contract.js";
import { CHANNELS_DIRECTORY } from "../file/channels.js";
import type { ComponentSpec } from "../model.js";
import type { ComponentState, ComponentStatus, ServiceListener } from "./events.js";
import { Lines, passLines } from "./lines.js";
import { Listeners } from "./listeners.js";
import { listenForNotices } from "./notices.js";
import { untilReady } from "./readiness.js";
import { nextStart, Restarts } from "./restarts.js";
import { placeSecrets } from "./secrets.js";

/** How long the data of connections may take to arrive after the program's end. */
const DRAIN_MS = 1_000;

/** Names of channels end in `.sock`. */
const NOTIFY_SOCKET = `${CHANNELS_DIRECTORY}/notify`;

export interface Surroundings {
  readonly bridge: Pick<Bridge, "attach" | "detach" | "joins">;
  readonly options: Omit<PrepareOptions, "signal" | "egress">;
  readonly emit: ServiceListener;
}

/** How one run of a component's program ended. */
interface End {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Why there is no exit code, or why it was not ready. */
  readonly error?: unknown;
}

/** One component: its sandbox and program, started again as its file says. */
export class Component {
  readonly listeners = new Listeners();
  readonly #around: Surroundings;
  #spec: ComponentSpec;
  #state: ComponentState = "stopped";
  #since = new Date();
  #restarts = 0;
  #exit: ComponentStatus["exit"] = null;
  #reason: string | null = null;
  #said: string | null = null;
  #sandbox: Sandbox | undefined;
  #process: Process | undefined;
  /** Present while it is wanted; aborted by a stop. */
  #wanted: AbortController | undefined;
  #loop: Promise<void> = Promise.resolve();
  #ready = deferred();

  constructor(spec: ComponentSpec, around: Surroundings) {
    this.#spec = spec;
    this.#around = around;
  }

  get spec(): ComponentSpec {
    return this.#spec;
  }

  get status(): ComponentStatus {
    return {
      name: this.#spec.name,
      level: this.#spec.level,
      state: this.#state,
      since: this.#since,
      restarts: this.#restarts,
      sandbox: this.#sandbox?.id ?? null,
      exit: this.#exit,
      reason: this.#reason,
      said: this.#said,
    };
  }

  /** @throws BulkheadError COMPONENT_NOT_RUNNING */
  get sandbox(): Sandbox {
    if (this.#sandbox === undefined || this.#process === undefined) {
      throw new BulkheadError("COMPONENT_NOT_RUNNING", { operation: "exec", detail: this.#spec.name });
    }
    return this.#sandbox;
  }

  /** What a verification examines: its sandbox counts while its program runs. */
  get subject(): {
    readonly spec: ComponentSpec;
    readonly status: ComponentStatus;
    readonly sandbox: Sandbox | undefined;
  } {
    const sandbox = this.#process === undefined ? undefined : this.#sandbox;
    return { spec: this.#spec, status: this.status, sandbox };
  }

  /** Resolves when it is wanted no more: it finished, failed or was stopped. */
  get over(): Promise<void> {
    return this.#loop;
  }

  /** Says that it waits for others. */
  wait(): void {
    this.#enter("waiting");
  }

  /**
   * Starts it, and again after each end that its `restart` covers. Resolves when it is ready for the first time.
   * @throws BulkheadError COMPONENT_NOT_READY
   */
  async start(): Promise<void> {
    if (this.#wanted === undefined) {
      this.#wanted = new AbortController();
      this.#ready = deferred();
      this.#loop = this.#keepRunning(this.#wanted.signal).finally(() => {
        this.#wanted = undefined;
        this.#ready.reject(this.#notReady());
      });
    }
    await this.#ready.promise;
  }

  /** Asks its program to end, and ends its sandbox after the grace. New connections wait until it is started again. */
  async stop(): Promise<void> {
    this.listeners.hold();
    const wanted = this.#wanted;
    if (wanted === undefined) {
      if (this.#state === "waiting") this.#enter("stopped");
      return await this.#loop;
    }
    // Requests in progress end first: many programs cut them off at the signal.
    if (this.#process !== undefined) await this.listeners.idle(Math.min(DRAIN_MS, this.#spec.stop.graceMs));
    wanted.abort();
    if (this.#process !== undefined) {
      this.#enter("stopping");
      this.#process.kill(this.#spec.stop.signal);
    }
    const graceMs = this.#process === undefined ? 0 : this.#spec.stop.graceMs;
    const timer = after(graceMs, () => void this.#sandbox?.kill());
    await this.#loop.finally(() => timer.stop());
  }

  /** Replaces what the next start uses. Only while it is stopped. */
  replace(spec: ComponentSpec): void {
    this.#spec = spec;
    this.#restarts = 0;
  }

  async #keepRunning(stop: AbortSignal): Promise<void> {
    const restarts = new Restarts(this.#spec.restart);
    for (;;) {
      const end = await this.#once(stop);
      this.#exit = end.exitCode === null && end.signal === null ? null : { exitCode: end.exitCode, signal: end.signal };
      if (stop.aborted) return this.#enter("stopped");
      const succeeded = end.exitCode === 0 && end.error === undefined;
      const next = nextStart(this.#spec.restart, succeeded, restarts);
      if (typeof next === "string") return this.#enter(next, reasonOf(end));
      this.#enter("backoff", `${reasonOf(end)}; starts again in ${next} ms`);
      await pause(next, stop);
      if (stop.aborted) return this.#enter("stopped");
      this.#restarts += 1;
    }
  }

  /** One sandbox, from its creation until nothing of it is left. */
  async #once(stop: AbortSignal): Promise<End> {
    this.#enter("starting");
    const end = await this.#attempt(stop).catch((error: unknown) => ({ exitCode: null, signal: null, error }));
    const error = await this.#takeDown();
    return error === undefined || "error" in end ? end : { ...end, error };
  }

  async #attempt(stop: AbortSignal): Promise<End> {
    const sandbox = await createWithoutLinks(this.#spec.policy, {
      ...this.#around.options,
      ...defined({ joins: this.#around.bridge.joins }),
      signal: stop,
    });
    this.#sandbox = sandbox;
    await placeSecrets(sandbox, this.#spec.secretFiles);
    await this.#around.bridge.attach(this.#spec.name, sandbox);
    return await this.#runProgram(sandbox, stop);
  }

  async #runProgram(sandbox: Sandbox, stop: AbortSignal): Promise<End> {
    const output = this.#output();
    const announced = deferred();
    const env = await this.#listenToProgram(sandbox, () => announced.resolve());
    const process = await sandbox.exec(this.#spec.command, {
      env,
      listen: this.#spec.sockets,
      onStdout: (bytes) => output.stdout(bytes),
      onStderr: (bytes) => output.stderr(bytes),
    });
    this.#process = process;
    // A stop may have come while it started.
    if (stop.aborted) process.kill(this.#spec.stop.signal);
    const waiting = new AbortController();
    const cancel = () => waiting.abort();
    stop.addEventListener("abort", cancel);
    const ended = process.result.finally(() => {
      stop.removeEventListener("abort", cancel);
      cancel();
    });
    const becoming = untilReady(
      this.#spec.name,
      this.#spec.ready,
      { sandbox, announced: announced.promise },
      waiting.signal,
    );
    // Each may fail while nothing waits for it any more.
    for (const promise of [ended, becoming]) promise.catch(() => undefined);
    try {
      const first = await Promise.race([becoming.then(() => undefined), ended]);
      if (first === undefined && !stop.aborted) {
        this.listeners.connect(liveOf(sandbox));
        this.#enter("ready");
        this.#ready.resolve();
      }
    } catch (error) {
      if (error instanceof BulkheadError && error.code === "COMPONENT_NOT_READY") throw error;
      // The program ended, or a stop came: its result says how.
    }
    const { exitCode, signal } = await ended.finally(output.end);
    return { exitCode, signal };
  }

  /** Returns the variables that tell the program where to send notices, if it is to send any. */
  async #listenToProgram(sandbox: Sandbox, onReady: () => void): Promise<Readonly<Record<string, string>>> {
    this.#said = null;
    if (this.#spec.ready.kind !== "notify") return {};
    await listenForNotices(liveOf(sandbox).channel, NOTIFY_SOCKET, ({ ready, stopping, status }) => {
      if (this.#sandbox !== sandbox) return;
      this.#said = status ?? this.#said;
      if (ready) onReady();
      if (stopping && this.#state === "ready") {
        // It is about to end: from now on connections wait for the next one.
        this.listeners.hold();
        this.#enter("stopping", "its program said so");
      }
    });
    return { NOTIFY_SOCKET };
  }

  /** Returns the failure to write changes back to writable directories that are copies (level microvm). */
  async #takeDown(): Promise<unknown> {
    const sandbox = this.#sandbox;
    this.listeners.hold();
    await this.listeners.drain(DRAIN_MS);
    await this.#around.bridge.detach(this.#spec.name).catch(() => undefined);
    this.#process = undefined;
    const failure = await sandbox?.close().then(
      () => undefined,
      (error: unknown) => error,
    );
    this.#sandbox = undefined;
    return failure;
  }

  #output() {
    const streams = { stdout: new Lines(), stderr: new Lines() } as const;
    const emit = async (stream: "stdout" | "stderr", lines: readonly string[]) => {
      const component = this.#spec.name;
      await passLines(lines, (text) => this.#around.emit({ kind: "output", at: new Date(), component, stream, text }));
    };
    return {
      stdout: async (bytes: Buffer) => await emit("stdout", streams.stdout.push(bytes)),
      stderr: async (bytes: Buffer) => await emit("stderr", streams.stderr.push(bytes)),
      end: async () => {
        await emit("stdout", streams.stdout.end());
        await emit("stderr", streams.stderr.end());
      },
    };
  }

  #enter(state: ComponentState, reason: string | null = null): void {
    this.#state = state;
    this.#since = new Date();
    this.#reason = reason;
    void this.#around.emit({ kind: "state", at: this.#since, status: this.status });
  }

  #notReady(): BulkheadError {
    const detail = this.#reason ?? `it is ${this.#state}`;
    return new BulkheadError("COMPONENT_NOT_READY", { operation: this.#spec.name, detail });
  }
}

function reasonOf({ exitCode, signal, error }: End): string {
  if (error !== undefined) return messageOf(error);
  return signal === null ? `exited with ${exitCode}` : `killed by ${signal}`;
}

function messageOf(error: unknown): string {
  return printableLine(error instanceof Error ? error.message : String(error));
}
