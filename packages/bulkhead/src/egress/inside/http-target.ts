/** The destination of a request, as the client wrote it. */
export interface HttpTarget {
  readonly host: string;
  readonly port: number;
}

/** A URL requested from a proxy. */
export interface UrlTarget extends HttpTarget {
  readonly scheme: "http" | "https";
  readonly path: string;
}

/** `host:port` of a CONNECT; both are required. Undefined if invalid. */
export function authorityTarget(text: string): HttpTarget | undefined {
  const [, bracketed, plain, digits = ""] = /^(?:\[([^\]]*)\]|([^:[\]/?#@]+)):(\d{1,5})$/.exec(text) ?? [];
  return target(bracketed ?? plain, digits);
}

/**
 * The absolute form of RFC 9112, without user information. busybox's wget sends `https://` URLs: it does not know
 * CONNECT, and leaves TLS to the proxy. Undefined if invalid.
 */
export function absoluteTarget(text: string): UrlTarget | undefined {
  const [, written = "", authority = "", rest = ""] = /^(https?):\/\/([^/?#@\\]*)([/?][^#]*)?$/i.exec(text) ?? [];
  const scheme = written.toLowerCase() === "https" ? "https" : "http";
  const standard = scheme === "https" ? 443 : 80;
  const found = authorityTarget(/:\d*$/.test(authority.replace(/\[.*\]/, "")) ? authority : `${authority}:${standard}`);
  if (found === undefined) return undefined;
  return { ...found, scheme, path: rest.startsWith("/") ? rest : `/${rest}` };
}

/** The scheme of a URL that is neither, such as `ftp`; undefined if it is not a URL, or is one of those. */
export function otherScheme(text: string): string | undefined {
  const scheme = /^([a-z][a-z0-9+.-]{0,20}):\/\//i.exec(text)?.[1]?.toLowerCase();
  return scheme === undefined || scheme === "http" || scheme === "https" ? undefined : scheme;
}

function target(host: string | undefined, digits: string): HttpTarget | undefined {
  const port = Number(digits);
  return host === undefined || host === "" || port < 1 || port > 65_535 ? undefined : { host, port };
}
