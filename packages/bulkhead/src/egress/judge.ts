import { isPrivate } from "../addresses/special.js";
import { normalHost } from "../policy/network/host.js";
import type { NetworkRule, NetworkRules, Protocol, SecretHost } from "../policy/network/types.js";
import { isInRange, judge, namesSpecial } from "./addresses/judge.js";
import { Decision, nameOf } from "./decision.js";
import { Refusal } from "./forward/refusal.js";
import type { Ask } from "./gate.js";
import { askHook, type EgressHook, HOOK } from "./hook.js";
import { printableHost } from "./log/event.js";
import type { Lookups } from "./resolve/lookups.js";
import { covers, matchesHost, type Request, type Target, type Weighed, weigh, weighRequest } from "./rules/match.js";

export interface Circumstances {
  readonly rules: NetworkRules;
  readonly lookups: Lookups;
  readonly hook: EgressHook | undefined;
  /** Hosts for which TLS must end at the gate. */
  readonly secretHosts: readonly SecretHost[];
  /** Whether the sandbox trusts a CA of Bulkhead. */
  readonly canIntercept: boolean;
}

/** What decides whether the gate must see requests. */
export type Seeing = Pick<Circumstances, "rules" | "secretHosts">;

/** Decides about one request. Throws a Refusal, whose `rule` is the one that denies it. */
export async function decide(ask: Ask, circumstances: Circumstances): Promise<Decision> {
  const { rules, canIntercept } = circumstances;
  const target = targetOf(ask);
  const { port } = ask;
  const weighed = weigh(rules, target, port);
  if (weighed.deniedBy !== null) throw deniedBy(weighed.deniedBy);
  const rule = ask.method === undefined ? weighed.allowing[0] : byRequest(ask, target, circumstances);
  const said = await askHook(circumstances.hook, ask, nameOf(target), rule?.text ?? null);
  if (said === "deny") throw new Refusal("the program that runs the sandbox refused it", { rule: HOOK });
  const byHook = rule === undefined && said === "allow" ? hookRule(target, port) : null;
  if (rule === undefined && byHook === null) throw new Refusal(notAllowed(target));
  const protocols: ReadonlySet<Protocol> = byHook === null ? weighed.protocols : new Set(["http", "https"]);
  const intercept = protocols.has("https") && mustSee(weighed, target, port, circumstances);
  // The gate sees a request for an https:// URL anyway.
  if (intercept && !canIntercept && ask.via !== "https") {
    throw new Refusal("its requests must be seen, and the sandbox was started without an authority for that", {
      rule: rule?.text ?? null,
    });
  }
  const addresses = await addressesOf(target, port, weighed, circumstances);
  return new Decision({ rule: (rule ?? byHook)?.text ?? HOOK, target, addresses, intercept, port, protocols, byHook });
}

/** A proxy is asked for loopback if a rule makes its name the host's, or by a program that asks it for everything. */
function notAllowed(target: Target): string {
  const name = nameOf(target);
  const isLoopback = name === "localhost" || judge(name)?.special === "loopback";
  const hint = `; through the proxy ${name} is the host's loopback: connect to the sandbox's own servers without it`;
  return `no rule allows it${isLoopback ? hint : ""}`;
}

/** Decides about a request on a permitted connection. Throws a Refusal. */
export function decideRequest(decision: Decision, request: Request, rules: NetworkRules): NetworkRule {
  const { target, port, byHook } = decision;
  const weighed = weigh(rules, target, port);
  if (weighed.deniedBy !== null) throw deniedBy(weighed.deniedBy);
  const found = weighRequest(rules, target, port, request);
  if (found?.allowed === false) throw deniedBy(found.rule);
  const rule = found?.rule ?? byHook;
  if (rule === null) throw new Refusal("no rule allows this request");
  return rule;
}

/**
 * Whether an open connection would still be allowed, with every protocol that it may carry, and without more
 * inspection.
 */
export function isStillAllowed(decision: Decision, seeing: Seeing): boolean {
  const { rules } = seeing;
  const { target, port, byHook, addresses, intercept, protocols } = decision;
  const weighed = weigh(rules, target, port);
  if (weighed.deniedBy !== null || (weighed.allowing.length === 0 && byHook === null)) return false;
  if (protocols.has("https") && !intercept && mustSee(weighed, target, port, seeing)) return false;
  if (byHook === null && [...protocols].some((protocol) => !weighed.protocols.has(protocol))) return false;
  return addresses.every((address) => refusalOf(address, port, weighed, rules) === undefined);
}

function targetOf({ host, port }: Ask): Target {
  const target = normalHost(host);
  if (target.kind === "invalid") throw new Refusal(`not a host: ${target.reason}`, { status: 400 });
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Refusal("not a port", { status: 400 });
  if (target.kind === "name") return target;
  const judged = judge(target.address);
  if (judged === undefined) throw new Refusal("not an address", { status: 400 });
  return { kind: "address", address: judged.address };
}

function byRequest(ask: Ask, target: Target, { rules }: Circumstances): NetworkRule | undefined {
  const scheme = ask.via === "https" ? "https" : "http";
  const request = { scheme, method: ask.method ?? "GET", path: ask.path ?? "/" } as const;
  const found = weighRequest(rules, target, ask.port, request);
  if (found?.allowed === false) throw deniedBy(found.rule);
  return found?.rule;
}

async function addressesOf(
  target: Target,
  port: number,
  weighed: Weighed,
  { rules, lookups }: Circumstances,
): Promise<readonly string[]> {
  const found = target.kind === "address" ? [target.address] : await lookUp(lookups, target.name);
  return found.map((each) => {
    const refusal = refusalOf(each, port, weighed, rules);
    // One bad address among good ones is no accident: refuse all.
    if (refusal !== undefined) throw refusal;
    return judge(each)?.address ?? each;
  });
}

/** Why an address may not be connected to, however it was found. */
function refusalOf(address: string, port: number, { allowing }: Weighed, rules: NetworkRules): Refusal | undefined {
  const judged = judge(address);
  if (judged === undefined) return new Refusal("its name leads to what is no address");
  const denied = rangeThatDenies(address, port, rules);
  if (denied !== undefined) return deniedBy(denied);
  if (judged.special === null) return undefined;
  if (isPrivate(judged.special) && allowing.some((rule) => rule.private)) return undefined;
  const named = rules.allow.some((rule) => covers(rule, { kind: "address", address }, port) && namesSpecial(rule.host));
  if (named) return undefined;
  return new Refusal(`it leads to an address that is not public (${judged.special}), and no rule names that`);
}

/** Whether the gate must see a request over TLS. */
function mustSee(weighed: Weighed, target: Target, port: number, { secretHosts }: Seeing): boolean {
  return (
    weighed.byRequest ||
    weighed.allowing.some((each) => each.intercept) ||
    secretHosts.some((secret) => secret.port === port && matchesHost(secret.host, target))
  );
}

function rangeThatDenies(address: string, port: number, { deny }: NetworkRules): NetworkRule | undefined {
  const judged = judge(address);
  return deny.find(
    ({ host, ports }) =>
      judged !== undefined && isInRange(host, judged) && ports.some(({ from, to }) => from <= port && port <= to),
  );
}

async function lookUp(lookups: Lookups, name: string): Promise<readonly string[]> {
  try {
    return await lookups.addresses(name);
  } catch {
    throw new Refusal("its name has no address", { status: 502 });
  }
}

function hookRule(target: Target, port: number): NetworkRule {
  const host =
    target.kind === "name"
      ? ({ kind: "name", name: target.name } as const)
      : ({ kind: "range", network: target.address, prefix: target.address.includes(":") ? 128 : 32 } as const);
  const open = { methods: null, paths: null, private: false, intercept: false } as const;
  return { text: HOOK, host, ports: [{ from: port, to: port }], protocol: null, ...open };
}

function deniedBy(rule: NetworkRule): Refusal {
  return new Refusal("a rule denies it", { rule: rule.text });
}

/** The requested host, in a form that is safe to show. */
export function shownName(ask: Ask): string {
  const target = normalHost(ask.host);
  return target.kind === "invalid" ? printableHost(ask.host) : nameOf(target);
}
