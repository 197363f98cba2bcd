import type { ChannelEvent } from "../channels/contract.js";

/**
 * `waiting` for others to be ready; `starting` until it is ready itself; `backoff` between two starts; `finished` by
 * itself, and not to be started again; `failed` too often, or with no restart; `stopped` on request.
 */
export type ComponentState =
  | "waiting"
  | "starting"
  | "ready"
  | "stopping"
  | "backoff"
  | "finished"
  | "failed"
  | "stopped";

/** Status of one component. */
export interface ComponentStatus {
  readonly name: string;
  readonly level: string;
  readonly state: ComponentState;
  /** When it entered this state. */
  readonly since: Date;
  /** How often it was started again. */
  readonly restarts: number;
  /** Id of its sandbox, as `listSandboxes` shows it; null while it has none. */
  readonly sandbox: string | null;
  /** How its program ended last; null if it has not. */
  readonly exit: { readonly exitCode: number | null; readonly signal: string | null } | null;
  /** Why it is in this state, where there is more to say. Text of hostile origin is made printable. */
  readonly reason: string | null;
  /** What its program says of itself (`STATUS=` of sd_notify), made printable; null if it says nothing. */
  readonly said: string | null;
}

export interface StateEvent {
  readonly kind: "state";
  readonly at: Date;
  readonly status: ComponentStatus;
}

/** One line that a component wrote. */
export interface OutputEvent {
  readonly kind: "output";
  readonly at: Date;
  readonly component: string;
  readonly stream: "stdout" | "stderr";
  /** Without its end; control characters are replaced, and a long line is split. */
  readonly text: string;
}

/** What happened to a connection between two components. */
export interface ConnectionEvent {
  readonly kind: "channel";
  readonly at: Date;
  readonly event: ChannelEvent;
}

export type ServiceEvent = StateEvent | OutputEvent | ConnectionEvent;

/** Called with each event. If it returns a promise, a component's output waits for it. */
export type ServiceListener = (event: ServiceEvent) => unknown;
