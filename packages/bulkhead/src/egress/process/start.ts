import type { Level } from "../../policy/level.js";
import type { NetworkRules } from "../../policy/network/types.js";
import type { LoadedSecret } from "../secrets/load.js";

/** What the library tells a gate before anything else. The library is trusted: it could do all of this itself. */
export interface Start {
  readonly level: Level;
  readonly rules: NetworkRules;
  /** With their values, which from here on only the gate keeps. */
  readonly secrets: readonly LoadedSecret[];
  /** PEM: what the sandbox's root trusts by itself. */
  readonly bundles: readonly string[];
  /** PEM: who is trusted for hosts outside, beside those of this host. */
  readonly authorities: readonly string[];
  /** A bundle of more of these, with whatever is written between them. */
  readonly moreAuthorities: string;
  /** Name servers; null: as this host looks names up; "caller": by a function of the caller's, which the library calls. */
  readonly resolver: readonly string[] | "caller" | null;
  /** Whether the caller wants to be asked. */
  readonly asks: boolean;
}

/** What a gate answers. */
export interface Started {
  /** PEM: all that the workload is to trust; null: what its root has. */
  readonly bundle: string | null;
}

/** How the connection to init ended. */
export interface ChannelEnded {
  /** What init did that the protocol does not allow; null: it just ended. */
  readonly violation: string | null;
}
