import type { Host } from "../../policy/network/host.js";
import { isAmbiguousPath } from "../../policy/network/rule.js";
import type { HostPattern, NetworkRule, NetworkRules, Protocol } from "../../policy/network/types.js";
import { isInRange, judge } from "../addresses/judge.js";

/** A requested host in its normal form. */
export type Target = Exclude<Host, { readonly kind: "invalid" }>;

/** A visible request. */
export interface Request {
  readonly scheme: "http" | "https";
  readonly method: string;
  /** With the query. */
  readonly path: string;
}

/** The rules' answer for a connection to a host and a port. */
export interface Weighed {
  /** The first rule that denies it for every request. */
  readonly deniedBy: NetworkRule | null;
  /** Rules that may allow it. */
  readonly allowing: readonly NetworkRule[];
  /** Protocols that it may carry. */
  readonly protocols: ReadonlySet<Protocol>;
  /** Whether it depends on the requests: each must be decided too. */
  readonly byRequest: boolean;
}

/** Decides about a connection. Pure, and without name resolution. */
export function weigh(rules: Pick<NetworkRules, "allow" | "deny">, target: Target, port: number): Weighed {
  const allowing = rules.allow.filter((rule) => covers(rule, target, port));
  const denying = rules.deny.filter((rule) => covers(rule, target, port));
  const byRequest = denying.some(isAboutRequests) || (allowing.length > 0 && allowing.every(isAboutRequests));
  const protocols = new Set(
    allowing.flatMap(({ protocol }) => (protocol === null ? (["http", "https"] as const) : [protocol])),
  );
  // Without inspection the gate could not stop denied requests.
  if (byRequest) protocols.delete("tcp");
  return { deniedBy: denying.find((rule) => !isAboutRequests(rule)) ?? null, allowing, protocols, byRequest };
}

/** Decides about one request on a connection: the deciding rule and its effect. Null if no rule allows it. */
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
      // TCP can carry HTTP, too.
      (rule.protocol === null || rule.protocol === "tcp" || rule.protocol === request.scheme) &&
      coversRequest(rule, request, "allow"),
  );
  return allowed === undefined ? null : { rule: allowed, allowed: true };
}

/** Whether a rule is about this host and port. */
export function covers(rule: NetworkRule, target: Target, port: number): boolean {
  return rule.ports.some(({ from, to }) => from <= port && port <= to) && matchesHost(rule.host, target);
}

/**
 * A range matches only addresses and a name only names: resolution never turns one into the other. `*` is every name.
 */
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

/**
 * A path that servers may read in two ways matches no prefix of a rule that allows, and every prefix of one that
 * denies.
 */
function coversRequest({ methods, paths }: NetworkRule, { method, path }: Request, effect: "allow" | "deny"): boolean {
  if (methods !== null && !methods.includes(method.toUpperCase())) return false;
  if (paths === null) return true;
  const [bare = ""] = path.split("?", 1);
  if (isAmbiguousPath(bare)) return effect === "deny";
  // Denied paths are compared decoded and case-insensitively, allowed ones literally: each the way that allows less.
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
