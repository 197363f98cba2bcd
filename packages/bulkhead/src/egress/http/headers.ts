import { Refusal } from "../forward/refusal.js";
import type { Headers } from "../secrets/inject.js";

/** Headers about one connection and not about the request (RFC 9110 §7.6.1), and a proxy's own. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-authentication-info",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
]);

/** Raw headers in pairs, without those about one connection. */
export function endToEnd(raw: readonly string[]): Headers {
  const pairs = inPairs(raw);
  const named = pairs.flatMap(([name, value]) =>
    name.toLowerCase() === "connection" ? value.toLowerCase().split(/[\s,]+/) : [],
  );
  const dropped = new Set(named);
  return pairs.filter(([name]) => {
    const lower = name.toLowerCase();
    // A client must not have headers dropped that frame the message or name its host.
    return !HOP_BY_HOP.has(lower) && (!dropped.has(lower) || lower === "host" || lower === "content-length");
  });
}

export function inPairs(raw: readonly string[]): Headers {
  return raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? ""] as const] : []));
}

/** There must be a Host, and every Host must be the permitted one. */
export function checkHost(raw: readonly string[], name: string, port: number, standard: number): void {
  const hosts = inPairs(raw).flatMap(([header, value]) => (header.toLowerCase() === "host" ? [value] : []));
  const [host, ...more] = hosts;
  if (host === undefined) throw new Refusal("the request has no Host", { status: 400 });
  const bare = host.replace(/\.(?=:\d+$|$)/, "").toLowerCase();
  const written = name.includes(":") ? `[${name}]` : name;
  const accepted = port === standard ? [written, `${written}:${port}`] : [`${written}:${port}`];
  if (more.length > 0 || !accepted.includes(bare))
    throw new Refusal("Host is not the host that was decided on", { status: 421 });
}
