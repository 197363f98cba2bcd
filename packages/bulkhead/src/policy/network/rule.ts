import { defined } from "../../values/defined.js";
import { hostPattern, portRange, splitAuthority } from "./pattern.js";
import type { NetworkRule, PortRange, Protocol } from "./types.js";

/** A rule in object form. */
export interface WrittenRule {
  readonly host: string;
  readonly ports?: number | string | readonly (number | string)[] | undefined;
  readonly protocol?: Protocol | undefined;
  readonly methods?: readonly string[] | undefined;
  readonly paths?: readonly string[] | undefined;
  readonly private?: boolean | undefined;
  readonly intercept?: boolean | undefined;
}

/** Whether a rule allows or denies; omitted fields are read in the safe direction. */
export type Effect = "allow" | "deny";

const EVERY_PORT: readonly PortRange[] = [{ from: 1, to: 65_535 }];

/**
 * Reads one rule: `HOST[:PORT]`, `*.HOST`, an address, a range, `http://…`, `https://…`, `tcp://HOST:PORT`, or an
 * object. Returns a string for an invalid one. Without a port, a rule that allows means the protocol's own (80 and 443
 * if none is named), and one that denies means all ports.
 */
export function readRule(written: string | WrittenRule, effect: Effect): NetworkRule | string {
  const rule = typeof written === "string" ? fromText(written) : written;
  if (typeof rule === "string") return rule;
  const host = hostPattern(rule.host);
  if (typeof host === "string") return host;
  const ports = portsOf(rule, effect);
  if (typeof ports === "string") return ports;
  const problem = aboutRequests(rule, effect);
  if (problem !== undefined) return problem;
  return {
    text: typeof written === "string" ? written : textOf(written),
    host,
    ports,
    protocol: rule.protocol ?? null,
    methods: rule.methods?.map((method) => method.toUpperCase()) ?? null,
    paths: rule.paths ?? null,
    private: rule.private ?? false,
    intercept: rule.intercept ?? false,
  };
}

function fromText(text: string): WrittenRule | string {
  const [, scheme, rest = text] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text) ?? [];
  const protocol = scheme?.toLowerCase();
  if (protocol !== undefined && protocol !== "http" && protocol !== "https" && protocol !== "tcp") {
    return `the protocol of a rule is http, https or tcp, not ${protocol}`;
  }
  if (rest.includes("@")) return "a rule has no user";
  const parts = splitAuthority(rest);
  if (parts === undefined) return `${JSON.stringify(text)} is not HOST[:PORT]`;
  const path = parts.rest === "/" ? "" : parts.rest;
  if (path !== "" && (protocol === undefined || protocol === "tcp")) return "only http:// and https:// have a path";
  if (/[?#]/.test(path)) return "a path in a rule has no query";
  return {
    host: parts.host,
    ...defined({ ports: parts.port, protocol }),
    ...(path === "" ? {} : { paths: [path] }),
  };
}

function portsOf({ ports, protocol }: WrittenRule, effect: Effect): readonly PortRange[] | string {
  if (ports === undefined) {
    if (effect === "deny" && protocol === undefined) return EVERY_PORT;
    if (protocol === "tcp") return effect === "deny" ? EVERY_PORT : "tcp needs a port: tcp://HOST:PORT";
    return [80, 443]
      .filter((port) => protocol !== (port === 80 ? "https" : "http"))
      .map((port) => ({ from: port, to: port }));
  }
  const found: PortRange[] = [];
  for (const written of typeof ports === "object" ? ports : [ports]) {
    const range = portRange(String(written));
    if (range === undefined) return `${JSON.stringify(written)} is no port: 1 to 65535, FROM-TO or *`;
    found.push(range);
  }
  return found.length === 0 ? "ports may not be empty: leave it out" : found;
}

/** Refuses fields about requests for a protocol that has none. */
function aboutRequests(
  { protocol, methods, paths, intercept, private: isPrivate }: WrittenRule,
  effect: Effect,
): string | undefined {
  const aboutRequest = methods !== undefined || paths !== undefined || intercept === true;
  if (aboutRequest && protocol === "tcp") return "methods, paths and intercept need http or https";
  if (methods?.length === 0 || paths?.length === 0) return "methods and paths may not be empty: leave them out";
  const method = methods?.find((each) => !/^[A-Za-z-]{1,32}$/.test(each));
  if (method !== undefined) return `${JSON.stringify(method)} is no method`;
  const path = paths?.find((each) => !isPathPrefix(each));
  if (path !== undefined)
    return `${JSON.stringify(path)} is no path: it begins with / and is written as clients send it, without . and ..`;
  if (effect === "deny" && (isPrivate !== undefined || intercept !== undefined))
    return "private and intercept are for rules that allow";
  return undefined;
}

/** A prefix in the form of a request line, without parts that servers might read in two ways. */
function isPathPrefix(path: string): boolean {
  return /^\/[\u0021-\u007e]*$/.test(path) && !isAmbiguousPath(path) && path.length <= 1024 && !/[?#]/.test(path);
}

/**
 * Whether servers may disagree about a path's meaning: dot segments, empty segments, and the encoded forms of either.
 */
export function isAmbiguousPath(path: string): boolean {
  return /\/\.{1,2}(\/|;|$)|\/\/|\\|%2e|%2f|%5c|%00|;/i.test(path);
}

function textOf({ host, ports, protocol, methods, paths }: WrittenRule): string {
  const where = ports === undefined ? host : `${host.includes(":") ? `[${host}]` : host}:${[ports].flat().join(",")}`;
  const scheme = protocol === undefined ? "" : `${protocol}://`;
  const what = [methods?.join(","), paths?.join(",")].filter((part) => part !== undefined).join(" ");
  return what === "" ? `${scheme}${where}` : `${scheme}${where} ${what}`;
}
