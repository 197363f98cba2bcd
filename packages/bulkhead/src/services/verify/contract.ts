import type { AttemptResult } from "../../verify/result.js";
import type { ComponentState } from "../running/events.js";

/** What a running service's walls withstood: from outside, and tried from inside. */
export interface ServiceVerification {
  readonly service: string;
  /** Each protection that a component's table claims is in force, and no component reached another undeclared. */
  readonly passed: boolean;
  readonly components: readonly VerifiedComponent[];
  /** Every ordered pair of components that run. */
  readonly pairs: readonly VerifiedPair[];
}

export interface VerifiedComponent {
  readonly name: string;
  readonly level: string;
  readonly state: ComponentState;
  /** Id of its sandbox; null if it does not run, so that nothing of it was tried. */
  readonly sandbox: string | null;
  /** Each protection of its enforcement table that says `enforced`, compared with what the broker sees now. */
  readonly protections: readonly AttemptResult[];
  /**
   * Who made the attempts inside: the probe, a program that was written into its sandbox; or init, which can try
   * neither names nor other addresses, where the sandbox has no place for a program. Null: nothing was tried.
   */
  readonly triedBy: "probe" | "init" | null;
}

/** Every way in which `from` could reach `to` beside the declared channels. */
export interface VerifiedPair {
  readonly from: string;
  readonly to: string;
  /** What the file declares between them: offers such as `api.http`, and host paths that both mount. */
  readonly declared: readonly string[];
  readonly status: "held" | "reached" | "untried";
  readonly ways: readonly TriedWay[];
}

export interface TriedWay {
  /** A Unix socket by its path, a port of the loopback, or a port of the other component's name. */
  readonly by: "socket" | "port" | "name";
  /** Where the connection went, such as `127.0.0.1:3000`. */
  readonly target: string;
  /** The offer of `to` that was tried; null: a listener that exists only for this verification. */
  readonly offer: string | null;
  /** `declared`: it was reached through a host directory that both mount, as the file says. */
  readonly status: "held" | "reached" | "declared" | "untried";
  readonly detail: string;
}
