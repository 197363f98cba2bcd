import type { Level } from "../policy/level.js";
import type { NetworkRules, Secret } from "../policy/network/types.js";
import type { EgressHook } from "./hook.js";
import type { EgressListener } from "./log/event.js";
import { type ResolverOption, resolverOf } from "./resolve/resolver.js";
import { RuleGate } from "./rule-gate.js";
import { checkWildcards } from "./rules/public-suffix.js";
import { loadSecrets } from "./secrets/load.js";
import { trustVariables } from "./tls/variables.js";

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

/** One sandbox's way out. */
export interface Egress {
  readonly gate: RuleGate;
  /** For the workload: placeholders of secrets, and where the authority that it is to trust is. */
  readonly env: Readonly<Record<string, string>>;
  /** PEM: all that the workload is to trust; null: what its root has. To be put where `env` says. */
  readonly bundle: { readonly at: string; readonly content: string } | null;
}

/** Where the bundle is put: a place that every sandbox may write to. Whoever changes it there only deceives itself. */
const BUNDLE_AT = "/tmp/.bulkhead-authorities.pem";

/**
 * Makes the gate of one sandbox, with an authority of its own where TLS must be looked into.
 *
 * @throws BulkheadError SECRET_UNAVAILABLE, POLICY_INVALID (a wildcard on a public suffix)
 */
export async function openEgress(
  level: Level,
  rules: NetworkRules,
  secrets: readonly Secret[],
  options: EgressOptions = {},
): Promise<Egress> {
  checkWildcards(rules.allow, secrets);
  const loaded = await loadSecrets(secrets);
  const trust =
    loaded.length > 0 || rules.allow.some(looksInside) || rules.deny.some(looksInside)
      ? await makeTrust(options)
      : null;
  const gate = new RuleGate({
    level,
    rules,
    secrets: loaded,
    authority: trust?.authority ?? null,
    roots: trust?.roots ?? [],
    resolve: resolverOf(options.resolver),
    hook: options.onEgress,
    listener: options.onEgressEvent ?? (() => undefined),
  });
  const placeholders = Object.fromEntries(loaded.map(({ name, placeholder }) => [name, placeholder]));
  return {
    gate,
    env: { ...(trust === null ? {} : trustVariables(BUNDLE_AT)), ...placeholders },
    bundle: trust === null ? null : { at: BUNDLE_AT, content: trust.bundle },
  };
}

/** Whether a rule needs TLS to end here. */
function looksInside({ protocol, methods, paths, intercept }: NetworkRules["allow"][number]): boolean {
  return intercept || (protocol !== "http" && (methods !== null || paths !== null));
}

/** Loaded only here: certificates are made for few sandboxes. */
async function makeTrust({ authorities = [] }: EgressOptions) {
  const [{ Authority }, { hostRoots }] = await Promise.all([import("./tls/authority.js"), import("./tls/roots.js")]);
  const [authority, host] = await Promise.all([Authority.create(), hostRoots()]);
  const roots = [...host, ...authorities];
  return { authority, roots, bundle: `${[...roots, authority.certificate].join("\n")}\n` };
}
