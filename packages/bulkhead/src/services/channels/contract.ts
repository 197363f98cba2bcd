import type { Joins } from "../../sandbox/prepare/options.js";
import type { Sandbox } from "../../sandbox/sandbox.js";

/** Limits of one channel, for all its connections together, except `idleMs`. */
export interface ChannelLimits {
  /** Connections at once. */
  readonly connections: number;
  /** Bytes a second, each way. Null: no limit. */
  readonly bytesPerSecond: number | null;
  /** Bytes both ways, for the life of the service. Null: no limit. */
  readonly bytes: number | null;
  /** A connection on which nothing moves for this long ends. Null: never. */
  readonly idleMs: number | null;
}

/** One declared way from a consumer to a provider. */
export interface ChannelSpec {
  /** Component that connects. */
  readonly consumer: string;
  /** Component that is reached. */
  readonly provider: string;
  /** The consumer's name for the channel, such as "convert". */
  readonly name: string;
  /** The provider's name for it, such as "rpc". */
  readonly offer: string;
  /** What listens inside the consumer. */
  readonly inside: {
    /** Unix socket, such as "/run/bulkhead/convert.sock". */
    readonly socket: string;
    /** Address of the consumer's loopback (127.0.0.0/8), for programs that want TCP. */
    readonly tcp: { readonly address: string; readonly port: number } | null;
  };
  /** What a connection reaches inside the provider. */
  readonly target: { readonly port: number } | { readonly socket: string };
  readonly limits: ChannelLimits;
  /** How the provider learns which component connects: a header of the PROXY protocol, version 2, or not at all. */
  readonly identify: "none" | "proxy-v2";
}

/** What happened to a connection of a channel. */
export interface ChannelEvent {
  /** `limited`: a limit of the channel ended the connection, or refused it. */
  readonly kind: "opened" | "closed" | "refused" | "limited";
  readonly channel: ChannelSpec;
  /** Number of the connection, unique in its service. */
  readonly connection: number;
  readonly at: Date;
  /** From the consumer to the provider. */
  readonly bytesIn?: number;
  /** From the provider to the consumer. */
  readonly bytesOut?: number;
  readonly reason?: string;
}

export interface BridgeOptions {
  /** If it returns a promise, the connection keeps its place among those of its channel until that is settled. */
  readonly onEvent?: (event: ChannelEvent) => unknown;
  readonly signal?: AbortSignal;
}

/** Joins the components of one service. Nothing else leads from one component to another. */
export interface Bridge extends AsyncDisposable {
  /** Option for the creation of a component's sandbox: with it, the bridge's own process can carry its connections. */
  readonly joins: Joins | undefined;
  /** Opens the component's listening ends; resolves when all of them listen. */
  attach(component: string, sandbox: Sandbox): Promise<void>;
  /**
   * Before a component's sandbox is replaced: its connections end. Listeners of its consumers stay, and new connections
   * wait, up to a bound, for the new sandbox.
   */
  detach(component: string): Promise<void>;
  /** Puts other channels in force. Connections of channels that are no longer declared end. */
  change(channels: readonly ChannelSpec[]): Promise<void>;
  close(): Promise<void>;
}
