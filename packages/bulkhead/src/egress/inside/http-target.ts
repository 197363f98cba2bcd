/** Where a request wants to go, as the client wrote it. */
export interface HttpTarget {
  readonly host: string;
  readonly port: number;
}

/** `host:port` of a CONNECT; both are needed. Undefined: it is not that. */
export function authorityTarget(text: string): HttpTarget | undefined {
  const [, bracketed, plain, digits = ""] = /^(?:\[([^\]]*)\]|([^:[\]/?#@]+)):(\d{1,5})$/.exec(text) ?? [];
  return target(bracketed ?? plain, digits);
}

/** The absolute form of RFC 9112. No user may be in it, and nothing but http: TLS is the client's own to speak. */
export function absoluteTarget(text: string): (HttpTarget & { readonly path: string }) | undefined {
  const [, authority = "", rest = ""] = /^http:\/\/([^/?#@\\]*)([/?][^#]*)?$/i.exec(text) ?? [];
  const found = authorityTarget(/:\d*$/.test(authority.replace(/\[.*\]/, "")) ? authority : `${authority}:80`);
  if (found === undefined) return undefined;
  return { ...found, path: rest.startsWith("/") ? rest : `/${rest}` };
}

function target(host: string | undefined, digits: string): HttpTarget | undefined {
  const port = Number(digits);
  return host === undefined || host === "" || port < 1 || port > 65_535 ? undefined : { host, port };
}
