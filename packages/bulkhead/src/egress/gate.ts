import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/** A request from inside. Every string is hostile. */
export interface Ask {
  /**
   * How the request arrived: an HTTP request in absolute form (`https`: for an `https://` URL, to which the gate itself
   * speaks TLS, while the client sees plain HTTP on loopback), CONNECT, SOCKS5, or a connection to a reserved address.
   */
  readonly via: "http" | "https" | "connect" | "socks" | "transparent";
  /** A name or an address as the client wrote it; an IPv6 address without brackets. */
  readonly host: string;
  /** 1 to 65,535. */
  readonly port: number;
  /** Method of an HTTP request. */
  readonly method?: string;
  /** Path with the query, as in the request line. */
  readonly path?: string;
}

/** Verdict: the connection may go out. */
export interface Allowed {
  readonly allowed: true;
  /** The rule that allows it, as written. */
  readonly rule: string;
  /** The host in its normal form. */
  readonly name: string;
  /** Result of the one name resolution; the gate connects to no other address. */
  readonly addresses: readonly string[];
  /** TLS ends at the gate, because a secret or a rule needs to see the request. */
  readonly intercept: boolean;
}

/** Verdict: the connection may not go out. */
export interface Denied {
  readonly allowed: false;
  /** For the log and for the answer to the client; contains no more of the request than its normal form. */
  readonly reason: string;
  /** The rule that denies it; null if no rule allows it. */
  readonly rule: string | null;
}

export type Verdict = Allowed | Denied;

/** A request that a proxy inside refused itself, because it is invalid. Every string is hostile. */
export interface Attempt {
  readonly via: Ask["via"];
  /** The host as the client wrote it, or the text in its place. */
  readonly host?: string;
  /** 0 if the client gave none. */
  readonly port?: number;
  readonly method?: string;
  readonly reason: string;
}

/** Decides about connections from inside, and makes them. Its requests come from proxies and listeners inside. */
export interface Gate {
  /** Decides, and resolves the name once. Never rejects: a failure is a refusal. */
  decide(ask: Ask): Promise<Verdict>;
  /**
   * Connects to the addresses of the verdict, checks SNI or Host against it, enforces the limits, ends TLS if the
   * verdict says so, and forwards bytes both ways until both ends are done. Calls `connected` as soon as the outside
   * connection stands, before it waits for the first byte from inside, because the client speaks only after that. If it
   * resolves without that call, the outside was unreachable. `head` contains the bytes already read from inside. Never
   * rejects: a failure destroys `inside`.
   */
  forward(ask: Ask, verdict: Allowed, inside: Duplex, head: Uint8Array, connected?: () => void): Promise<void>;
  /**
   * Answers one HTTP request in absolute form through the gate. Never rejects: a failure is an answer, or ends the
   * response.
   */
  request(ask: Ask, verdict: Allowed, request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Logs a request that a proxy refused without asking. */
  refused(attempt: Attempt): void;
  /**
   * The reserved address (198.18.0.0/15, at gvisor 127.64.0.0/10) that DNS inside answers for a name, if a rule could
   * allow it; else null.
   */
  resolveInside(name: string): string | null;
  /** The ports at which rules that list ports allow a name; without this method, 80 and 443. */
  portsInside?(name: string): readonly number[];
  /** The name that a reserved address stands for; null if it stands for none. */
  nameOf(address: string): string | null;
}
