import { type Check, check } from "../arguments/check.js";
import { callback, either, list, object, required, text } from "../arguments/values.js";
import type { EgressHook } from "./hook.js";
import type { EgressListener } from "./log/event.js";
import type { Resolve, ResolverOption } from "./resolve/resolver.js";

/** What a program may say about its sandboxes' egress beside their policy. */
export interface EgressOptions {
  /** Asked about each connection, and about each request that can be seen. */
  readonly onEgress?: EgressHook;
  /** Told of every decision, and of what became of it. */
  readonly onEgressEvent?: EgressListener;
  /** How names are looked up. Default: as this host does. */
  readonly resolver?: ResolverOption;
  /** PEM: authorities that are trusted for hosts outside, beside those of this host, where TLS is looked into. */
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
