import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Level } from "../policy/level.js";
import { normalHost } from "../policy/network/host.js";
import type { NetworkRules, SecretHost } from "../policy/network/types.js";
import { Decision } from "./decision.js";
import { Budget } from "./forward/budget.js";
import { connectTo } from "./forward/connect.js";
import { peek } from "./forward/peek.js";
import { pump } from "./forward/pump.js";
import { isRefusal, Refusal, reasonOf } from "./forward/refusal.js";
import type { Allowed, Ask, Attempt, Gate, Verdict } from "./gate.js";
import type { EgressHook } from "./hook.js";
import { Conversation, type RequestNote } from "./http/conversation.js";
import { exchange, refuse } from "./http/exchange.js";
import { HttpFront } from "./http/front.js";
import { decide, decideRequest, isStillAllowed, type Seeing, shownName } from "./judge.js";
import { type EgressEvent, type EgressListener, printableHost } from "./log/event.js";
import { Lookups } from "./resolve/lookups.js";
import { ReservedNames } from "./resolve/reserved-names.js";
import type { Resolve } from "./resolve/resolver.js";
import { matchesHost, weigh } from "./rules/match.js";
import { checkWildcards } from "./rules/public-suffix.js";
import { isFor } from "./secrets/inject.js";
import type { LoadedSecret } from "./secrets/load.js";
import { Redactor } from "./secrets/redact.js";
import type { Authority } from "./tls/authority.js";
import { readClientHello } from "./tls/client-hello.js";
import { beginTls, endTls } from "./tls/ends.js";

export interface RuleGateParts {
  /** The sandbox's level, which determines the network inside. */
  readonly level: Level;
  readonly rules: NetworkRules;
  readonly secrets: readonly LoadedSecret[];
  /** Null: TLS never ends here. */
  readonly authority: Authority | null;
  /** PEM: CAs for hosts outside. Read on demand. */
  readonly roots: () => Promise<readonly string[]>;
  readonly resolve: Resolve;
  readonly hook: EgressHook | undefined;
  readonly listener: EgressListener;
}

/** Statistics of one connection, for its event. */
interface Account {
  readonly ask: Ask;
  readonly decision: Decision;
  readonly outside: Socket[];
  last: RequestNote | undefined;
}

const TLS_HANDSHAKE = 22;

/** The gate that enforces rules. */
export class RuleGate implements Gate {
  readonly #parts: RuleGateParts;
  readonly #lookups: Lookups;
  readonly #names: ReservedNames;
  readonly #budget: Budget;
  readonly #front = new HttpFront();
  readonly #redactor: Redactor;
  readonly #open = new Map<Duplex | ServerResponse, Decision>();
  readonly #secretHosts: readonly SecretHost[];
  #rules: NetworkRules;
  #count = 0;

  constructor(parts: RuleGateParts) {
    this.#parts = parts;
    this.#rules = parts.rules;
    this.#secretHosts = parts.secrets.flatMap(({ hosts }) => hosts);
    this.#names = new ReservedNames(parts.level);
    this.#lookups = new Lookups(parts.resolve);
    this.#budget = new Budget(parts.rules.limits);
    this.#redactor = new Redactor(parts.secrets.map(({ value }) => value));
  }

  async decide(ask: Ask): Promise<Verdict> {
    try {
      return await decide(ask, {
        ...this.#seeing,
        lookups: this.#lookups,
        hook: this.#parts.hook,
        canIntercept: this.#parts.authority !== null,
      });
    } catch (error) {
      const denied = {
        allowed: false,
        reason: reasonOf(error),
        rule: error instanceof Refusal ? error.rule : null,
      } as const;
      this.#tell({ ask, verdict: "deny", rule: denied.rule, reason: denied.reason });
      return denied;
    }
  }

  async forward(ask: Ask, verdict: Allowed, inside: Duplex, head: Uint8Array, connected?: () => void): Promise<void> {
    inside.on("error", () => inside.destroy());
    const account = this.#accountFor(ask, verdict);
    if (account === undefined) {
      inside.destroy();
      return;
    }
    let failure: unknown;
    let toldSo = false;
    this.#open.set(inside, account.decision);
    try {
      using _place = this.#budget.enter();
      const outside = await this.#connect(account);
      if (head.length > 0) inside.unshift(head);
      connected?.();
      toldSo = true;
      await this.#speak(account, inside, outside);
    } catch (error) {
      failure = error;
      // A client that gets a message when it is connected concludes from its absence that it is not.
      if (toldSo || connected === undefined) inside.destroy();
    } finally {
      this.#open.delete(inside);
      this.#close(account, failure);
    }
  }

  async request(ask: Ask, verdict: Allowed, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const account = this.#accountFor(ask, verdict);
    if (account === undefined) {
      refuse(response, undefined);
      return;
    }
    let failure: unknown;
    this.#open.set(response, account.decision);
    response.on("error", () => response.destroy());
    const scheme = ask.via === "https" ? "https" : "http";
    const conversation = this.#conversation(account, scheme, () => this.#connectFor(account, scheme));
    try {
      const { protocols } = account.decision;
      if (!protocols.has(scheme) && !protocols.has("tcp"))
        throw new Refusal(`the rule is not for ${scheme === "https" ? "TLS" : "HTTP"}`);
      using _place = this.#budget.enter();
      // Its URL contains the permitted host, too: only the path is left.
      request.url = ask.path ?? "/";
      await exchange(conversation, request, response);
    } catch (error) {
      failure = error;
      refuse(response, error);
    } finally {
      conversation.close();
      this.#open.delete(response);
      this.#close(account, failure);
    }
  }

  refused({ via, host, port = 0, method, reason }: Attempt): void {
    const name = host === undefined ? "" : printableHost(host);
    this.#tell({ ask: { via, host: name, port }, name, method: method ?? null, verdict: "deny", rule: null, reason });
  }

  resolveInside(name: string): string | null {
    const target = normalHost(name);
    if (target.kind !== "name") return null;
    const mayBe = this.#rules.allow.some(({ ports }) =>
      ports.some(({ from }) => {
        const { deniedBy, allowing } = weigh(this.#rules, target, from);
        return deniedBy === null && allowing.length > 0;
      }),
    );
    return mayBe ? this.#names.addressFor(target.name) : null;
  }

  nameOf(address: string): string | null {
    return this.#names.nameOf(address);
  }

  /** The ports at which a name may be reached, at most 16: the ports to listen on for it. */
  portsInside(name: string): readonly number[] {
    const target = normalHost(name);
    if (target.kind !== "name") return [];
    const ports = this.#rules.allow
      .filter(({ host }) => matchesHost(host, target))
      .flatMap((rule) =>
        rule.ports.flatMap(({ from, to }) =>
          Array.from({ length: Math.min(16, to - from + 1) }, (_, index) => from + index),
        ),
      );
    return [...new Set(ports)].slice(0, 16);
  }

  /**
   * Replaces the rules, also for open connections: those that they do not allow are ended.
   * @throws BulkheadError POLICY_INVALID; the old rules then stay
   */
  change(rules: NetworkRules): void {
    checkWildcards(rules.allow, []);
    this.#rules = rules;
    this.#budget.change(rules.limits);
    for (const [end, decision] of this.#open) {
      if (!isStillAllowed(decision, this.#seeing)) end.destroy();
    }
  }

  /** Ends every connection. Resolves when the listener knows their outcome, or after `limitMs`. */
  async close(limitMs: number): Promise<void> {
    const until = performance.now() + limitMs;
    for (const end of this.#open.keys()) end.destroy();
    while (this.#open.size > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  /** Resolves when the listener knows of every connection that the sandbox has ended, or after `limitMs`. */
  async settled(limitMs: number): Promise<void> {
    const until = performance.now() + limitMs;
    while ([...this.#open.keys()].some(isEnding) && performance.now() < until)
      await new Promise((resolve) => setImmediate(resolve));
  }

  get #seeing(): Seeing {
    return { rules: this.#rules, secretHosts: this.#secretHosts };
  }

  /** A verdict that this gate did not make is a caller's mistake, and opens nothing. */
  #accountFor(ask: Ask, verdict: Allowed): Account | undefined {
    if (!(verdict instanceof Decision) || !isStillAllowed(verdict, this.#seeing)) {
      this.#tell({ ask, verdict: "deny", rule: null, reason: "the rules have changed" });
      return undefined;
    }
    return { ask, decision: verdict, outside: [], last: undefined };
  }

  async #connect(account: Account): Promise<Socket> {
    const { addresses, port } = account.decision;
    const socket = await connectTo(addresses, port);
    account.outside.push(socket);
    socket.setTimeout(this.#budget.idleMs, () =>
      socket.destroy(new Refusal("nothing moved for too long", { status: 504 })),
    );
    socket.on("error", () => socket.destroy());
    return socket;
  }

  /**
   * A connection for requests: for an `https://` URL with TLS, and with a certificate that is valid for the permitted
   * name.
   */
  async #connectFor(account: Account, scheme: "http" | "https"): Promise<Duplex> {
    const socket = await this.#connect(account);
    return scheme === "http" ? socket : await beginTls(socket, account.decision.name, await this.#parts.roots());
  }

  async #speak(account: Account, inside: Duplex, outside: Socket): Promise<void> {
    const { decision } = account;
    if (decision.protocols.has("tcp") && !decision.intercept) {
      await pump(inside, outside, this.#budget);
      return;
    }
    const [first] = await peek(inside, () => true);
    if (first === TLS_HANDSHAKE) await this.#speakTls(account, inside, outside);
    else await this.#speakHttp(account, inside, outside);
  }

  async #speakTls(account: Account, inside: Duplex, outside: Socket): Promise<void> {
    const { decision } = account;
    if (!decision.protocols.has("https")) throw new Refusal("the rule is not for TLS");
    const hello = readClientHello(await peek(inside, (bytes) => readClientHello(bytes).kind !== "more"));
    if (hello.kind !== "hello") throw new Refusal("not a handshake of TLS");
    checkServerName(hello.hello, decision);
    if (!decision.intercept) {
      await pump(inside, outside, this.#budget);
      return;
    }
    const { authority, roots } = this.#parts;
    if (authority === null) throw new Refusal("TLS cannot be ended here");
    // The real server comes first: the client gets no answer before it is known to exist.
    let ready: Promise<Duplex> | undefined = beginTls(outside, decision.name, await roots());
    const connect = async () => {
      const prepared = ready;
      ready = undefined;
      return await (prepared ?? this.#connectFor(account, "https"));
    };
    await ready;
    const clear = await endTls(inside, decision.name, authority);
    await this.#front.serve(clear, this.#conversation(account, "https", connect));
  }

  async #speakHttp(account: Account, inside: Duplex, outside: Socket): Promise<void> {
    if (!account.decision.protocols.has("http")) throw new Refusal("not a handshake of TLS");
    let ready: Socket | undefined = outside;
    const connect = async () => {
      const prepared = ready;
      ready = undefined;
      return prepared ?? (await this.#connect(account));
    };
    await this.#front.serve(inside, this.#conversation(account, "http", connect));
  }

  #conversation(account: Account, scheme: "http" | "https", connect: () => Promise<Duplex>): Conversation {
    const { decision, ask } = account;
    const { secrets } = this.#parts;
    return new Conversation({
      decision,
      scheme,
      connect,
      permit: (method, path) => decideRequest(decision, { scheme, method, path }, this.#rules).text,
      note: (note) => {
        // Each request of a connection has a line; the last one's is the connection's own.
        if (account.last !== undefined) this.#tellRequest(ask, account.last);
        account.last = note;
      },
      budget: this.#budget,
      secrets,
      redactor: secrets.some((secret) => isFor(secret, decision.target, decision.port))
        ? this.#redactor
        : new Redactor([]),
    });
  }

  #tellRequest(ask: Ask, { refused, ...note }: RequestNote): void {
    this.#tell({ ask, verdict: refused ? "deny" : "allow", ...note });
  }

  #close({ ask, decision, outside, last }: Account, failure: unknown): void {
    for (const socket of outside) socket.destroy();
    this.#tell({
      ask,
      verdict: isRefusal(failure) || last?.refused === true ? "deny" : "allow",
      rule: last?.rule ?? decision.rule,
      reason: failure === undefined ? (last?.reason ?? null) : reasonOf(failure),
      address: outside[0]?.remoteAddress ?? decision.addresses[0] ?? null,
      ...(last === undefined ? {} : { method: last.method, path: last.path, secrets: last.secrets }),
      bytesIn: outside.reduce((sum, socket) => sum + socket.bytesRead, 0),
      bytesOut: outside.reduce((sum, socket) => sum + socket.bytesWritten, 0),
      time: decision.time,
      ms: Math.round(performance.now() - decision.startedAt),
    });
  }

  #tell({
    ask,
    ...event
  }: Pick<EgressEvent, "verdict" | "rule" | "reason"> & Partial<EgressEvent> & { readonly ask: Ask }): void {
    this.#count += 1;
    try {
      this.#parts.listener({
        time: new Date().toISOString(),
        id: this.#count,
        name: shownName(ask),
        address: null,
        port: ask.port,
        via: ask.via,
        method: ask.method ?? null,
        path: ask.path?.split("?", 1)[0] ?? null,
        secrets: [],
        bytesIn: 0,
        bytesOut: 0,
        ms: 0,
        ...event,
      });
    } catch {
      // A listener's failure is its own.
    }
  }
}

function isEnding(end: Duplex | ServerResponse): boolean {
  if (end.destroyed || end.writableEnded) return true;
  return "readableEnded" in end ? end.readableEnded : end.socket?.destroyed !== false;
}

/** The name in the handshake selects the certificate, and on shared servers the site: it must be the permitted one. */
function checkServerName(
  { serverName, encrypted }: { readonly serverName: string | null; readonly encrypted: boolean },
  decision: Decision,
): void {
  if (encrypted) throw new Refusal("the handshake hides which host it is for (ECH)");
  if (decision.target.kind === "address") {
    if (serverName !== null) throw new Refusal("the handshake names a host, and an address was decided on");
    return;
  }
  const named = serverName === null ? null : normalHost(serverName);
  if (named === null) throw new Refusal("the handshake does not say which host it is for");
  if (named.kind !== "name" || named.name !== decision.target.name)
    throw new Refusal("the handshake is for another host than was decided on");
}
