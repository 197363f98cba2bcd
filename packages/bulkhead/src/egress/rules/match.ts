import type { Host } from "../../policy/network/host.js";
import { isAmbiguousPath } from "../../policy/network/rule.js";
import type { HostPattern, NetworkRule, NetworkRules, Protocol } from "../../policy/network/types.js";
import { isInRange, judge } from "../addresses/judge.js";

/** A host that may be asked for, in its normal form. */
export type Target = Exclude<Host, { readonly kind: "invalid" }>;

/** What a request asks, once it can be seen. */
export interface Request {
  readonly scheme: "http" | "https";
  readonly method: string;
  /** With the query. */
  readonly path: string;
}

/** What the rules say of a connection to a host and a port. */
export interface Weighed {
  /** The first that denies it whatever is asked. */
  readonly deniedBy: NetworkRule | null;
  /** Those that may allow it. */
  readonly allowing: readonly NetworkRule[];
  /** What may be spoken on it. */
  readonly protocols: ReadonlySet<Protocol>;
  /** Whether it depends on the requests: each must be weighed too. */
  readonly byRequest: boolean;
}

/** Weighs a connection: pure, and without a look-up. */
export function weigh(rules: Pick<NetworkRules, "allow" | "deny">, target: Target, port: number): Weighed {
  const allowing = rules.allow.filter((rule) => covers(rule, target, port));
  const denying = rules.deny.filter((rule) => covers(rule, target, port));
  const byRequest = denying.some(isAboutRequests) || (allowing.length > 0 && allowing.every(isAboutRequests));
  const protocols = new Set(
    allowing.flatMap(({ protocol }) => (protocol === null ? (["http", "https"] as const) : [protocol])),
  );
  // What cannot be looked into cannot be kept from asking what is denied.
  if (byRequest) protocols.delete("tcp");
  return { deniedBy: denying.find((rule) => !isAboutRequests(rule)) ?? null, allowing, protocols, byRequest };
}

/** Weighs one request on a connection: the rule that decides, and what it says. Null: none allows it. */
export function weighRequest(
  rules: Pick<NetworkRules, "allow" | "deny">,
  target: Target,
  port: number,
  request: Request,
): { readonly rule: NetworkRule; readonly allowed: boolean } | null {
  const denied = rules.deny.find((rule) => covers(rule, target, port) && coversRequest(rule, request, "deny"));
  if (denied !== undefined) return { rule: denied, allowed: false };
  const allowed = rules.allow.find(
    (rule) =>
      covers(rule, target, port) &&
      // TCP carries HTTP, too.
      (rule.protocol === null || rule.protocol === "tcp" || rule.protocol === request.scheme) &&
      coversRequest(rule, request, "allow"),
  );
  return allowed === undefined ? null : { rule: allowed, allowed: true };
}

/** Whether a rule is about this host and port. */
export function covers(rule: NetworkRule, target: Target, port: number): boolean {
  return rule.ports.some(({ from, to }) => from <= port && port <= to) && matchesHost(rule.host, target);
}

/** A range means addresses and a name means names: no look-up may turn the one into the other. `*` is every name. */
export function matchesHost(pattern: HostPattern, target: Target): boolean {
  if (target.kind === "address") {
    const judged = judge(target.address);
    return judged !== undefined && isInRange(pattern, judged);
  }
  switch (pattern.kind) {
    case "any":
      return true;
    case "name":
      return target.name === pattern.name;
    case "below":
      return target.name.endsWith(`.${pattern.name}`);
    case "range":
      return false;
  }
}

function isAboutRequests({ methods, paths }: NetworkRule): boolean {
  return methods !== null || paths !== null;
}

/** A path that servers may read in two ways is below no prefix for a rule that allows, and below any for one that denies. */
function coversRequest({ methods, paths }: NetworkRule, { method, path }: Request, effect: "allow" | "deny"): boolean {
  if (methods !== null && !methods.includes(method.toUpperCase())) return false;
  if (paths === null) return true;
  const [bare = ""] = path.split("?", 1);
  if (isAmbiguousPath(bare)) return effect === "deny";
  // Denied paths are compared without case and decoded, allowed ones as they are: each the way that lets less through.
  const [asked, prefixes] = effect === "deny" ? [decoded(bare), paths.map(decoded)] : [bare, paths];
  return prefixes.some((prefix) => asked === prefix || asked.startsWith(prefix.endsWith("/") ? prefix : `${prefix}/`));
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path).toLowerCase();
  } catch {
    return path.toLowerCase();
  }
}
