import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/** What the inside asks for. Every string is hostile. */
export interface Ask {
  /**
   * How it came: an HTTP request in absolute form (`https`: for an `https://` URL, to which the gate speaks TLS itself, while the client sees plain
   * HTTP on loopback), CONNECT, SOCKS5, or a connection to a reserved address.
   */
  readonly via: "http" | "https" | "connect" | "socks" | "transparent";
  /** A name or an address, as the client wrote it; an IPv6 address without brackets. */
  readonly host: string;
  /** 1 to 65,535. */
  readonly port: number;
  /** Of an HTTP request. */
  readonly method?: string;
  /** With the query, as the request line has it. */
  readonly path?: string;
}

/** It may go out. */
export interface Allowed {
  readonly allowed: true;
  /** The rule that allows it, as it was written. */
  readonly rule: string;
  /** The host in its normal form. */
  readonly name: string;
  /** What the name was resolved to, once: nothing else is connected to. */
  readonly addresses: readonly string[];
  /** TLS ends at the gate, because a secret or a rule needs to see the request. */
  readonly intercept: boolean;
}

/** It may not. */
export interface Denied {
  readonly allowed: false;
  /** For the log and for the answer to the client: never holds more of what was asked than its normal form. */
  readonly reason: string;
  /** The rule that denies it; null when none allows it. */
  readonly rule: string | null;
}

export type Verdict = Allowed | Denied;

/** What a proxy inside refused by itself, since it is no request that could be decided on. Every string is hostile. */
export interface Attempt {
  readonly via: Ask["via"];
  /** As the client wrote it, or what it wrote in its place. */
  readonly host?: string;
  /** 0: none was said. */
  readonly port?: number;
  readonly method?: string;
  readonly reason: string;
}

/** What decides about connections from inside, and makes them. What it is asked comes from proxies and listeners inside. */
export interface Gate {
  /** Decides, resolving the name once. Never rejects: a failure is a refusal. */
  decide(ask: Ask): Promise<Verdict>;
  /**
   * Connects to what was decided, checks SNI or Host against it, keeps the limits, ends TLS where that is to be intercepted, and moves
   * bytes both ways until both ends are done. `connected` is called as soon as the outside is connected to, before the first byte of inside is
   * waited for: the client speaks only after it. Without that call, when it resolves, the outside could not be reached. `head` is what was read from the inside already. Never rejects: a failure destroys `inside`.
   */
  forward(ask: Ask, verdict: Allowed, inside: Duplex, head: Uint8Array, connected?: () => void): Promise<void>;
  /** One HTTP request in absolute form, answered through the gate. Never rejects: a failure is an answer, or ends the response. */
  request(ask: Ask, verdict: Allowed, request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Tells the log of what a proxy refused without asking. */
  refused(attempt: Attempt): void;
  /** The reserved address (198.18.0.0/15, at gvisor 127.64.0.0/10) that DNS inside answers for a name, when a rule could allow it; else null. */
  resolveInside(name: string): string | null;
  /** The ports at which rules let a name be reached that they name one by one; where there is no such method, 80 and 443. */
  portsInside?(name: string): readonly number[];
  /** The name that such an address was given for; null when it was given for none. */
  nameOf(address: string): string | null;
}
