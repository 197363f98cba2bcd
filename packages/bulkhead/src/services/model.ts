import type { ListenSocket } from "../contract/generated/channel-requests.js";
import type { Level } from "../policy/level.js";
import type { Policy } from "../policy/schema.js";
import type { ChannelSpec } from "./channels/contract.js";
import type { StopSignal } from "./file/schema.js";

/** A valid service file, compiled: every name resolved, every default filled in. */
export interface ServiceSpec {
  readonly name: string;
  /** The weakest level that any component may have; null: no floor. */
  readonly minLevel: Level | null;
  /** In the order in which they start: each after all that it waits for. */
  readonly components: readonly ComponentSpec[];
  /** Every way from one component to another. */
  readonly channels: readonly ChannelSpec[];
}

export interface ComponentSpec {
  readonly name: string;
  /** What its sandbox is created from. */
  readonly policy: Policy;
  readonly level: Level;
  /** Empty: the image's own command. */
  readonly command: readonly string[];
  readonly offers: readonly OfferSpec[];
  readonly listen: readonly ListenSpec[];
  /** Components that must be ready before this one starts. */
  readonly after: readonly string[];
  /** Sockets that the program finds open (`LISTEN_FDS`): those of `listen` that ask for it. */
  readonly sockets: readonly ListenSocket[];
  readonly secretFiles: readonly SecretFile[];
  readonly mounts: readonly HostMount[];
  readonly ready: ReadySpec;
  readonly restart: RestartSpec;
  readonly stop: { readonly signal: StopSignal; readonly graceMs: number };
  readonly logs: { readonly bytes: number; readonly keep: number };
}

/** Where a component accepts connections. */
export type Target = { readonly port: number } | { readonly socket: string };

export interface OfferSpec {
  readonly name: string;
  readonly target: Target;
  /** Components that may use it; null: all of the service. */
  readonly from: readonly string[] | null;
  readonly identify: "none" | "proxy-v2";
}

/** A port on the host. */
export interface ListenSpec {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly target: Target;
  /** A connection on which nothing moves for so long ends. */
  readonly idleMs: number;
}

/** A file of the host whose content the component reads at `at`. */
export interface SecretFile {
  readonly name: string;
  readonly path: string;
  /** `path` without links, as it was when the file was read. */
  readonly leadsTo: string;
  readonly at: string;
}

export interface HostMount {
  /** Absolute, with links resolved where the path exists. */
  readonly path: string;
  readonly at: string;
  readonly writable: boolean;
  readonly shared: boolean;
}

export type ReadySpec = { readonly timeoutMs: number } & (
  | { readonly kind: "started" }
  | { readonly kind: "notify" }
  | { readonly kind: "connect"; readonly target: Target }
  | { readonly kind: "command"; readonly argv: readonly string[] }
  | { readonly kind: "http"; readonly path: string; readonly target: Target }
);

export interface RestartSpec {
  readonly when: "never" | "on-failure" | "always";
  readonly firstMs: number;
  readonly longestMs: number;
  /** The component has failed when it ended this often within `withinMs`. */
  readonly limit: number;
  readonly withinMs: number;
}
