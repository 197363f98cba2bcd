import { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Channel } from "../../channel/channel.js";
import { Slots } from "../../concurrency/slots.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { NetworkRules } from "../../policy/network/types.js";
import type { EgressHook } from "../hook.js";
import { type Inside, serveInside } from "../inside/serve.js";
import type { EgressListener } from "../log/event.js";
import { type Opened, openEgress } from "../open.js";
import type { Resolve } from "../resolve/resolver.js";
import { certificatesIn } from "../tls/roots.js";
import { Reports } from "./reports.js";
import type { ChannelEnded, Start, Started } from "./start.js";

/** Bytes that may wait for the connection before its streams see backpressure. */
const WAITING_BYTES = 262_144;
/** Maximum number of pending questions to the caller's function. */
const MOST_ASKED = 64;
/** A refused certificate may list thousands of names. */
const REASON_CHARACTERS = 4_096;
/** How long connections of a sandbox that is gone may take to end. */
const CLOSING_MS = 1_000;
/** How long init may take for an answer that needs no work. */
const FLUSH_MS = 1_000;
/** How long connections that the sandbox has ended may take to end; one whose other half continues does not. */
const SETTLE_MS = 50;

/** The gate's requests to the library. */
export type AskLibrary = (method: "events" | "ask" | "resolve" | "ended", value: unknown) => Promise<unknown>;

/** One sandbox's egress, from the connection to its init to the hosts outside. */
export class Session {
  readonly started: Started;
  readonly #inside: Inside;
  readonly #opened: Opened;
  readonly #channel: Channel;
  readonly #reports: Reports;

  static async start(fd: number, start: Start, ask: AskLibrary): Promise<Session> {
    const reports = new Reports((events) => ask("events", events));
    const opened = await openEgress(
      start.level,
      start.rules,
      start.secrets,
      {
        ...(start.listens ? { onEgressEvent: listenerOf(reports) } : {}),
        authorities: [...start.authorities, ...certificatesIn(start.moreAuthorities)],
        ...(start.asks ? { onEgress: hookOf(ask) } : {}),
        ...resolverFor(start, ask),
      },
      start.bundles,
    );
    return new Session(fd, opened, reports, ask);
  }

  private constructor(fd: number, opened: Opened, reports: Reports, ask: AskLibrary) {
    this.#opened = opened;
    this.#reports = reports;
    this.started = { bundle: opened.bundle };
    const options = { fd, readable: true, writable: true, writableHighWaterMark: WAITING_BYTES };
    const transport = new Socket(options);
    this.#channel = new Channel(transport, (violation) => this.#ended(violation, ask));
    const { gate } = opened;
    this.#inside = serveInside(this.#channel, {
      decide: async (asked) => {
        await reports.room();
        return await gate.decide(asked);
      },
      forward: (...given) => gate.forward(...given),
      request: (...given) => gate.request(...given),
      refused: (attempt) => gate.refused(attempt),
      resolveInside: (name) => gate.resolveInside(name),
      portsInside: (name) => gate.portsInside(name),
      nameOf: (address) => gate.nameOf(address),
    });
  }

  /** Resolves when programs inside may start. @throws BulkheadError LISTEN_FAILED, SANDBOX_LOST */
  async listening(): Promise<void> {
    await this.#inside.ready;
  }

  /** @throws BulkheadError POLICY_INVALID */
  change(rules: NetworkRules): void {
    this.#opened.gate.change(rules);
  }

  /** Resolves when the library knows everything that init has reported. */
  async flush(): Promise<void> {
    await Promise.race([this.#roundTrip(), sleep(FLUSH_MS, undefined, { ref: false })]);
    await new Promise<void>((resolve) => setImmediate(resolve));
    await this.#opened.gate.settled(SETTLE_MS);
    await this.#reports.told();
  }

  /** The sandbox is gone: ends every connection, and resolves when the library knows their outcome. */
  async finish(): Promise<void> {
    this.#channel.close(closed);
    this.#inside.close();
    await this.#opened.gate.close(CLOSING_MS);
    await this.#reports.told();
  }

  /**
   * Init answers in order: when this resolves, everything it sent before has been read. It refuses this request here,
   * which is enough.
   */
  async #roundTrip(): Promise<void> {
    await new Promise<void>((resolve) => {
      const answered = () => resolve();
      try {
        this.#channel.open({ op: "checkpoint" }, { data: answered, result: answered, failed: answered });
      } catch {
        resolve();
      }
    });
  }

  #ended(violation: BulkheadError | undefined, ask: AskLibrary): void {
    this.#channel.close(closed);
    const ended: ChannelEnded = { violation: violation?.detail ?? (violation === undefined ? null : "") };
    ask("ended", ended).catch(() => undefined);
  }
}

function closed(): BulkheadError {
  return new BulkheadError("SANDBOX_LOST", { operation: "egress" });
}

function listenerOf(reports: Reports): EgressListener {
  return (event) => reports.tell({ ...event, reason: event.reason?.slice(0, REASON_CHARACTERS) ?? null });
}

function hookOf(ask: AskLibrary): EgressHook {
  const slots = new Slots(MOST_ASKED);
  return async (asked) => {
    const said = await slots.use(async () => await ask("ask", asked));
    return said === null ? undefined : said === "allow" ? "allow" : "deny";
  };
}

function resolverFor(
  { resolver }: Start,
  ask: AskLibrary,
): { readonly resolver?: Resolve | { servers: readonly string[] } } {
  if (resolver === null) return {};
  if (resolver !== "caller") return { resolver: { servers: resolver } };
  return {
    resolver: async (name) => {
      const said = await ask("resolve", name);
      if (!Array.isArray(said)) throw new TypeError("no addresses");
      return said.filter((address) => typeof address === "string");
    },
  };
}
