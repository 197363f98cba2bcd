import type { Level } from "../../policy/level.js";
import type { NetworkRules } from "../../policy/network/types.js";
import type { LoadedSecret } from "../secrets/load.js";

/** The library's first message to a gate. The library is trusted: it could do all of this itself. */
export interface Start {
  readonly level: Level;
  readonly rules: NetworkRules;
  /** With their values, which only the gate keeps from here on. */
  readonly secrets: readonly LoadedSecret[];
  /** PEM: CAs that the sandbox's own root trusts. */
  readonly bundles: readonly string[];
  /** PEM: CAs to trust for hosts outside, besides this host's. */
  readonly authorities: readonly string[];
  /** A CA bundle with more of these, including any text between them. */
  readonly moreAuthorities: string;
  /**
   * Name servers; null: resolve as this host does; "caller": through a function of the caller's, which the library
   * calls.
   */
  readonly resolver: readonly string[] | "caller" | null;
  /** Whether the caller has a hook. */
  readonly asks: boolean;
  /** Whether the caller listens to events. */
  readonly listens: boolean;
}

/** A gate's answer. */
export interface Started {
  /** PEM: all CAs that the workload should trust; null: the root's own. */
  readonly bundle: string | null;
}

/** How the connection to init ended. */
export interface ChannelEnded {
  /** Init's violation of the protocol; null if the connection just ended. */
  readonly violation: string | null;
}
