import type { Level } from "../policy/level.js";
import { looksInside } from "../policy/network/looks-inside.js";
import type { NetworkRules } from "../policy/network/types.js";
import type { EgressOptions } from "./options.js";
import { resolverOf } from "./resolve/resolver.js";
import { RuleGate } from "./rule-gate.js";
import { checkWildcards } from "./rules/public-suffix.js";
import type { LoadedSecret } from "./secrets/load.js";

/** A gate, and what its creator needs to know about it. */
export interface Opened {
  readonly gate: RuleGate;
  /** PEM: all CAs that the workload should trust; null: the root's own. */
  readonly bundle: string | null;
}

/**
 * Creates the gate of one sandbox, with its own CA if it must intercept TLS. `bundles`: CAs that the sandbox's own root
 * trusts, as PEM.
 *
 * @throws BulkheadError POLICY_INVALID (a wildcard on a public suffix)
 */
export async function openEgress(
  level: Level,
  rules: NetworkRules,
  secrets: readonly LoadedSecret[],
  options: EgressOptions = {},
  bundles: readonly string[] = [],
): Promise<Opened> {
  checkWildcards(rules.allow, secrets);
  const trust = looksInside(rules, secrets) ? await makeTrust(options, bundles) : null;
  const gate = new RuleGate({
    level,
    rules,
    secrets,
    authority: trust?.authority ?? null,
    roots: trust === null ? later(() => rootsOf(options)) : async () => trust.roots,
    resolve: resolverOf(options.resolver),
    hook: options.onEgress,
    listener: options.onEgressEvent ?? (() => undefined),
  });
  return { gate, bundle: trust?.bundle ?? null };
}

/** Loaded on demand: few sandboxes need certificates. */
async function makeTrust(options: EgressOptions, bundles: readonly string[]) {
  const [{ Authority }, { certificatesIn }] = await Promise.all([
    import("./tls/authority.js"),
    import("./tls/roots.js"),
  ]);
  const [authority, roots] = await Promise.all([Authority.create(), rootsOf(options)]);
  // An image's CAs are for the sandbox only: the gate itself never trusts them.
  const inside = new Set([...roots, ...bundles.flatMap(certificatesIn), authority.certificate.trim()]);
  return { authority, roots, bundle: `${[...inside].join("\n")}\n` };
}

async function rootsOf({ authorities = [] }: EgressOptions): Promise<readonly string[]> {
  const { hostRoots } = await import("./tls/roots.js");
  return [...(await hostRoots()), ...authorities];
}

/** Asks once, on first use. */
function later<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined;
  return () => {
    asked ??= ask();
    return asked;
  };
}
