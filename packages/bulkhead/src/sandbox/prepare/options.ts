import type { Broker } from "../../broker/broker.js";
import type { BrokerOptions } from "../../broker/options.js";
import type { EgressOptions } from "../../egress/options.js";
import type { ImageOptions } from "../../images/options.js";

/** Options for preparing a policy. */
export interface PrepareOptions extends BrokerOptions {
  /** Where to get the image that a policy names. */
  readonly images?: ImageOptions;
  /** Cancels pulling and unpacking; the promise rejects with ABORTED. */
  readonly signal?: AbortSignal;
  /** Hooks and listeners for egress, and how names are resolved; the policy decides what is allowed. */
  readonly egress?: EgressOptions;
}

/** As {@link PrepareOptions}, with what only other parts of the library ask for. */
export interface OwnPrepareOptions extends PrepareOptions {
  /** Refuses host paths with a link in them: the caller has resolved them, and a sandbox may write where they lead. */
  readonly refuseLinks?: boolean;
  /** Gives the sandbox's init a connection to the bridge of its service, if its level allows. */
  readonly joins?: Joins;
}

/** A service's bridge, to which inits can pass descriptors. */
export interface Joins {
  /** Announces the sandbox `id`, before its launch. */
  join(broker: Broker, id: string): Promise<void>;
}
