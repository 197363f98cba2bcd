import type { Level } from "../policy/level.js";
import { looksInside } from "../policy/network/looks-inside.js";
import type { NetworkRules, Secret } from "../policy/network/types.js";
import { Faults } from "./faults.js";
import type { EgressOptions } from "./options.js";
import { resolverOf } from "./resolve/resolver.js";
import { RuleGate } from "./rule-gate.js";
import { checkWildcards } from "./rules/public-suffix.js";
import { loadSecrets } from "./secrets/load.js";
import { trustVariables } from "./tls/variables.js";

/** One sandbox's way out. */
export interface Egress {
  readonly gate: RuleGate;
  /** What hooks and listeners of the caller's threw. */
  readonly faults: Faults;
  /** For the workload: placeholders of secrets, and where the authority that it is to trust is. */
  readonly env: Readonly<Record<string, string>>;
  /** PEM: all that the workload is to trust; null: what its root has. To be put where `env` says, and over what its root has. */
  readonly bundle: { readonly at: string; readonly content: string } | null;
}

/** Where the bundle is put: a place that every sandbox may write to. Whoever changes it there only deceives itself. */
const BUNDLE_AT = "/tmp/.bulkhead-authorities.pem";

/**
 * Makes the gate of one sandbox, with an authority of its own where TLS must be looked into. `bundles`: what the sandbox's root trusts by itself,
 * as PEM.
 *
 * @throws BulkheadError SECRET_UNAVAILABLE, POLICY_INVALID (a wildcard on a public suffix)
 */
export async function openEgress(
  level: Level,
  rules: NetworkRules,
  secrets: readonly Secret[],
  options: EgressOptions = {},
  bundles: readonly string[] = [],
): Promise<Egress> {
  checkWildcards(rules.allow, secrets);
  const loaded = await loadSecrets(secrets);
  const trust = looksInside(rules, secrets) ? await makeTrust(options, bundles) : null;
  const faults = new Faults();
  const gate = new RuleGate({
    level,
    rules,
    secrets: loaded,
    authority: trust?.authority ?? null,
    roots: trust === null ? later(() => rootsOf(options)) : async () => trust.roots,
    resolve: resolverOf(options.resolver),
    hook: options.onEgress && faults.hook(options.onEgress),
    listener: faults.listener(options.onEgressEvent),
  });
  const placeholders = Object.fromEntries(loaded.map(({ name, placeholder }) => [name, placeholder]));
  return {
    gate,
    faults,
    env: { ...(trust === null ? {} : trustVariables(BUNDLE_AT)), ...placeholders },
    bundle: trust === null ? null : { at: BUNDLE_AT, content: trust.bundle },
  };
}

/** Loaded only here: certificates are made for few sandboxes. */
async function makeTrust(options: EgressOptions, bundles: readonly string[]) {
  const [{ Authority }, { certificatesIn }] = await Promise.all([
    import("./tls/authority.js"),
    import("./tls/roots.js"),
  ]);
  const [authority, roots] = await Promise.all([Authority.create(), rootsOf(options)]);
  // What an image trusts is for the inside alone: the gate itself never believes it.
  const inside = new Set([...roots, ...bundles.flatMap(certificatesIn), authority.certificate.trim()]);
  return { authority, roots, bundle: `${[...inside].join("\n")}\n` };
}

async function rootsOf({ authorities = [] }: EgressOptions): Promise<readonly string[]> {
  const { hostRoots } = await import("./tls/roots.js");
  return [...(await hostRoots()), ...authorities];
}

/** Asks once, and only when somebody wants to know. */
function later<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined;
  return () => {
    asked ??= ask();
    return asked;
  };
}
