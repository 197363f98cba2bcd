import type { OutgoingHttpHeaders } from "node:http";
import { BulkheadError } from "../../../errors/bulkhead-error.js";
import { shown, unsafe } from "../failure.js";
import { type Answer, exchange, type Line } from "./exchange.js";

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Registries need one, to their blob storage. */
const MOST_HOPS = 5;

/**
 * Gets a URL from the registry, following redirects. Decides about `authorization` at each hop: only the registry's own
 * origin, port and protocol included, receives it. Throws as `exchange`, and REGISTRY_UNSAFE.
 */
export async function follow(
  line: Line,
  start: URL,
  headers: OutgoingHttpHeaders,
  authorization: string | undefined,
): Promise<Answer> {
  let url = start;
  for (let hops = 0; hops <= MOST_HOPS; hops += 1) {
    const credentials = authorization !== undefined && line.endpoint.isOwn(url) ? { authorization } : {};
    const answer = await exchange(line, url, { ...headers, ...credentials });
    const { location } = answer.headers;
    if (!REDIRECTS.has(answer.status) || location === undefined) return answer;
    // Not read: the body of a redirect does not matter.
    answer.body.destroy();
    const next = parse(location, url);
    line.endpoint.checkUrl(next, url);
    url = next;
  }
  throw unsafe("too many redirects", shown(start));
}

function parse(location: string, base: URL): URL {
  if (URL.canParse(location, base.href)) return new URL(location, base);
  throw new BulkheadError("REGISTRY_UNAVAILABLE", { operation: "redirect", path: shown(base), detail: "location" });
}
