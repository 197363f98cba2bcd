import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import type { Evidence } from "../broker/evidence.js";
import type { Stats } from "../broker/messages.js";
import { parseObject } from "../channel/json.js";
import { GUEST_GENERATION } from "../contract/generated/control-constants.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import type { Facts } from "../host/facts.js";
import type { Plan } from "../plan/schema.js";
import { broken, evidenceOf, type FromGuest, readFromGuest, statsOf } from "./messages.js";

/** What a guest should run. */
export interface Boot {
  /** The inner plan; it names no host path but `/images/N`. */
  readonly plan: Plan;
  /** Number of images. */
  readonly images: number;
  /** Whether the sandbox's egress has its own port. */
  readonly egress?: boolean;
  /** A compiled AppArmor profile to load first. */
  readonly apparmor?: Uint8Array;
}

/**
 * Messages that a guest sends unasked. Each is called at most once, and nothing follows `ended`, `failed` or `lost`.
 */
export interface GuestEvents {
  ready?(facts: Facts, bootUs: number): void;
  booted?(evidence: Evidence, bootUs: number): void;
  failed?(error: BulkheadError): void;
  ended?(code: number, stats: Stats): void;
  /** The connection is gone, or the guest broke the protocol (PROTOCOL_VIOLATION: kill it). */
  lost?(error: BulkheadError): void;
}

/** Enough to seed every generator of the guest, twice. */
const ENTROPY_BYTES = 64;
const AFTER = { start: "ready", ready: "booted", booted: "ended" } as const;
const MAX_FROM_GUEST = 256 * 1024;
const HEADER_BYTES = 4;

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: BulkheadError) => void;
}

/** The host's end of a guest's control port (`docs/guest.md`). Its messages are hostile, and never evidence. */
export class GuestControl {
  readonly #transport: Duplex;
  readonly #events: GuestEvents;
  readonly #waiting = new Map<number, Waiting>();
  #rest: Buffer = Buffer.alloc(0);
  #expected: "ready" | "booted" | "ended" | "nothing";
  #seq = 0;
  #lost: BulkheadError | undefined;

  /** `from`: the last message of the guest in the machine that this one is a copy of. */
  constructor(transport: Duplex, events: GuestEvents, from: "start" | "ready" | "booted" = "start") {
    this.#transport = transport;
    this.#events = events;
    this.#expected = AFTER[from];
    transport.on("data", (chunk: Buffer) => this.#push(chunk));
    transport.on("error", (cause) => this.#lose(gone(cause)));
    transport.on("end", () => this.#lose(gone()));
    transport.on("close", () => this.#lose(gone()));
  }

  /** Tells the guest what to run, with fresh entropy and the current time. May be called before the guest is ready. */
  boot({ plan, images, egress = false, apparmor }: Boot): void {
    const profile = apparmor === undefined ? null : Buffer.from(apparmor).toString("base64");
    this.#send({ type: "boot", generation: GUEST_GENERATION, ...freshness(), images, apparmor: profile, egress, plan });
  }

  /** Resolves when nothing of the sandbox runs any more. @throws BulkheadError the guest's own, or GUEST_FAILED */
  async quiesce(): Promise<void> {
    await this.#ask({ type: "quiesce" });
  }

  /** Lets the guest continue, with a new identity. @throws BulkheadError the guest's own, or GUEST_FAILED */
  async awake(hostname: string): Promise<void> {
    await this.#ask({ type: "awake", ...freshness(), hostname });
  }

  /** Counters of the inner cgroup. @throws BulkheadError the guest's own, GUEST_FAILED, PROTOCOL_VIOLATION */
  async stats(): Promise<Stats> {
    return this.#checked(await this.#ask({ type: "stats" }), statsOf);
  }

  /** @throws BulkheadError the guest's own, GUEST_FAILED, PROTOCOL_VIOLATION */
  async evidence(): Promise<Evidence> {
    return this.#checked(await this.#ask({ type: "evidence" }), evidenceOf);
  }

  powerOff(): void {
    this.#send({ type: "poweroff" });
  }

  /** Closes the connection; pending requests fail. */
  close(): void {
    this.#lose(gone());
  }

  #checked<T>(value: unknown, read: (value: unknown) => T): T {
    try {
      return read(value);
    } catch (error) {
      if (error instanceof BulkheadError) this.#lose(error);
      throw error;
    }
  }

  #ask(question: object): Promise<unknown> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    this.#seq += 1;
    const seq = this.#seq;
    return new Promise((resolve, reject) => {
      this.#waiting.set(seq, { resolve, reject });
      this.#send({ ...question, seq });
    });
  }

  #send(message: object): void {
    if (this.#lost !== undefined) return;
    const text = Buffer.from(JSON.stringify(message));
    const head = Buffer.allocUnsafe(HEADER_BYTES);
    head.writeUInt32BE(text.length);
    this.#transport.write(Buffer.concat([head, text]));
  }

  #push(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    try {
      while (this.#lost === undefined && this.#rest.length >= HEADER_BYTES) {
        const length = this.#rest.readUInt32BE(0);
        if (length > MAX_FROM_GUEST) throw broken("length");
        const end = HEADER_BYTES + length;
        if (this.#rest.length < end) break;
        const message = parseObject(this.#rest.subarray(HEADER_BYTES, end));
        if (message === undefined) throw broken("json");
        this.#rest = this.#rest.subarray(end);
        this.#receive(readFromGuest(message));
      }
    } catch (error) {
      if (!(error instanceof BulkheadError)) throw error;
      this.#lose(error);
    }
  }

  #receive(message: FromGuest): void {
    if (message.type === "reply") {
      const waiting = this.#waiting.get(message.seq);
      if (waiting === undefined) throw broken("seq");
      this.#waiting.delete(message.seq);
      if ("error" in message) waiting.reject(message.error);
      else waiting.resolve(message.value);
      return;
    }
    this.#expect(message.type);
    switch (message.type) {
      case "ready":
        this.#events.ready?.(message.facts, message.bootUs);
        break;
      case "booted":
        this.#events.booted?.(message.evidence, message.bootUs);
        break;
      case "failed":
        this.#events.failed?.(message.error);
        this.#finish(message.error);
        break;
      case "ended":
        this.#events.ended?.(message.code, message.stats);
        this.#finish(gone());
        break;
    }
  }

  /** `ready`, `booted`, `ended`, once each and in this order; `failed` may replace `booted`. */
  #expect(type: "ready" | "booted" | "failed" | "ended"): void {
    if ((type === "failed" ? "booted" : type) !== this.#expected) throw broken("order");
    const next = { ready: "booted", booted: "ended", failed: "nothing", ended: "nothing" } as const;
    this.#expected = next[type];
  }

  #lose(error: BulkheadError): void {
    if (this.#lost !== undefined) return;
    this.#finish(error);
    this.#events.lost?.(error);
  }

  #finish(error: BulkheadError): void {
    this.#lost = error;
    this.#rest = Buffer.alloc(0);
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}

/** Read at the last moment, and never used twice. */
function freshness(): { readonly entropy: string; readonly clockUs: number } {
  return { entropy: randomBytes(ENTROPY_BYTES).toString("base64"), clockUs: Date.now() * 1000 };
}

function gone(cause?: unknown): BulkheadError {
  return new BulkheadError("GUEST_FAILED", { operation: "guest control", detail: "connection lost", cause });
}
