import { BlockList, isIP } from "node:net";
import { BulkheadError } from "../../../errors/bulkhead-error.js";
import { reachOf } from "../addresses.js";

/** As the variables HTTPS_PROXY, HTTP_PROXY and NO_PROXY; undefined: no proxy. */
export interface ProxySettings {
  /** For URLs with TLS. */
  readonly https?: string | undefined;
  /** For URLs without TLS. */
  readonly http?: string | undefined;
  /**
   * Hosts to reach directly: names, `.domains`, addresses, CIDRs, each with or without a port; `*`. Separated by
   * commas.
   */
  readonly none?: string | undefined;
}

/** As Docker reads them: upper case comes first. */
export function proxyFromEnvironment(env: NodeJS.ProcessEnv = process.env): ProxySettings {
  const either = (name: string) => env[name] || env[name.toLowerCase()] || undefined;
  return { https: either("HTTPS_PROXY"), http: either("HTTP_PROXY"), none: either("NO_PROXY") };
}

/** The proxy for a URL; undefined: none. Never a proxy for this machine itself. Throws REGISTRY_PROXY. */
export function proxyFor(url: URL, settings: ProxySettings): URL | undefined {
  const name = url.protocol === "https:" ? "https" : "http";
  const written = settings[name];
  if (written === undefined || isLocal(url.hostname) || isExcepted(url, settings.none ?? "")) return undefined;
  const text = written.includes("://") ? written : `http://${written}`;
  if (!URL.canParse(text)) throw unusable(name, "not a URL");
  const proxy = new URL(text);
  if (proxy.protocol !== "http:" && proxy.protocol !== "https:") throw unusable(name, `${proxy.protocol}//`);
  return proxy;
}

/** `Proxy-Authorization` for the user in a proxy's URL. */
export function proxyAuthorization({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === "" && password === "") return {};
  const text = `${decoded(username)}:${decoded(password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(text).toString("base64")}` };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function isLocal(hostname: string): boolean {
  const host = bare(hostname);
  return host === "localhost" || host.endsWith(".localhost") || reachOf(host) === "loopback";
}

function isExcepted(url: URL, none: string): boolean {
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  const host = bare(url.hostname).replace(/\.$/, "");
  return none
    .split(",")
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== "" && matches(entry, host, port));
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === "*") return true;
  if (entry.includes("/")) return inNetwork(entry, host);
  // An IPv6 address without brackets is full of colons and has no port.
  const [, name = entry, wanted] = isIP(entry) === 0 ? (/^(.*?)(?::(\d+))?$/.exec(entry) ?? []) : [];
  if (wanted !== undefined && wanted !== port) return false;
  const domain = bare(name).replace(/^\*(?=\.)/, "");
  if (isIP(domain) !== 0 || isIP(host) !== 0) return domain === host;
  return domain.startsWith(".") ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
}

function inNetwork(entry: string, host: string): boolean {
  const [address = "", bits = ""] = entry.split("/");
  const family = isIP(bare(address));
  const most = family === 4 ? 32 : 128;
  if (family === 0 || family !== isIP(host) || !/^\d{1,3}$/.test(bits) || Number(bits) > most) return false;
  const list = new BlockList();
  const kind = family === 4 ? "ipv4" : "ipv6";
  list.addSubnet(bare(address), Number(bits), kind);
  return list.check(host, kind);
}

function bare(hostname: string): string {
  return hostname.toLowerCase().replace(/^\[(.*)\]$/, "$1");
}

/** Never repeats the variable's value, which may contain a password. */
function unusable(name: "https" | "http", detail: string): BulkheadError {
  return new BulkheadError("REGISTRY_PROXY", { operation: "read proxy", path: `${name.toUpperCase()}_PROXY`, detail });
}
