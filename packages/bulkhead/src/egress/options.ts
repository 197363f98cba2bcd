import { type Check, check } from "../arguments/check.js";
import { callback, either, list, object, required, text } from "../arguments/values.js";
import type { EgressHook } from "./hook.js";
import type { EgressListener } from "./log/event.js";
import type { Resolve, ResolverOption } from "./resolve/resolver.js";

/** A program's settings for its sandboxes' egress, besides the policy. */
export interface EgressOptions {
  /** Asked about each connection, and about each visible request. */
  readonly onEgress?: EgressHook;
  /** Receives every decision and its outcome. */
  readonly onEgressEvent?: EgressListener;
  /** How to resolve names. Default: as this host does. */
  readonly resolver?: ResolverOption;
  /** PEM: additional CAs to trust for hosts outside, besides this host's, where the gate intercepts TLS. */
  readonly authorities?: readonly string[];
}

type Servers = Exclude<ResolverOption, Resolve>;

export const egressOptions: Check<EgressOptions> = object<EgressOptions>({
  onEgress: callback<EgressHook>(),
  onEgressEvent: callback<EgressListener>(),
  resolver: either<Resolve, Servers>(
    (value) => typeof value === "function",
    callback<Resolve>(),
    required(object<Servers>({ servers: list(text) }), "servers"),
  ),
  authorities: list(
    check<string>((value) => typeof value === "string" && value.includes("-----BEGIN"), "a certificate in PEM"),
    "an array of certificates in PEM",
  ),
});
