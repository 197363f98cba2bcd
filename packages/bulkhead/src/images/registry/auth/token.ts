import * as z from "zod/mini";
import { BulkheadError } from "../../../errors/bulkhead-error.js";
import { shown, TransientFailure } from "../failure.js";
import { readBody } from "../http/body.js";
import { type Answer, exchange, type Line } from "../http/exchange.js";
import { retryAfterMs } from "../http/retry.js";
import type { RegistryTiming } from "../settings.js";
import type { Credentials } from "./docker-config.js";

/** As in RFC 6750: valid header characters only, so that no token adds a header. */
const token = z.string().check(z.regex(/^[\x21-\x7e]+$/), z.maxLength(64 * 1024));
const answerSchema = z.object({ token: z.optional(token), access_token: z.optional(token) });
const LARGEST = 256 * 1024;

/**
 * Gets a token to pull one repository (https://distribution.github.io/distribution/spec/auth/token/). `scope` is ours,
 * whatever the registry asks for. Does not follow redirects, which would carry credentials. Throws REGISTRY_DENIED,
 * REGISTRY_UNAVAILABLE, TransientFailure.
 */
export async function fetchToken(
  line: Line,
  realm: URL,
  request: { readonly service: string | undefined; readonly scope: string },
  credentials: Credentials | undefined,
  timing: RegistryTiming,
): Promise<string> {
  const answer =
    credentials?.kind === "identity"
      ? await exchange(line, realm, FORM, refreshForm(request, credentials.token))
      : await exchange(
          line,
          withQuery(realm, request),
          credentials === undefined ? {} : { authorization: basic(credentials) },
        );
  if (answer.status !== 200) throw refusal(answer);
  const bytes = await readBody(answer, LARGEST, timing);
  const parsed = parse(bytes);
  const found = parsed?.token ?? parsed?.access_token;
  if (found !== undefined) return found;
  throw new BulkheadError("REGISTRY_UNAVAILABLE", { operation: "get token", path: shown(realm), detail: "no token" });
}

/** `Basic`, for a registry or its token server. */
export function basic({ username, password }: Extract<Credentials, { kind: "password" }>): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

const FORM = { "content-type": "application/x-www-form-urlencoded" };

function withQuery(realm: URL, { service, scope }: { service: string | undefined; scope: string }): URL {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  url.searchParams.set("scope", scope);
  return url;
}

function refreshForm({ service, scope }: { service: string | undefined; scope: string }, refreshToken: string): string {
  const fields = { grant_type: "refresh_token", client_id: "bulkhead", service: service ?? "", scope };
  return new URLSearchParams({ ...fields, refresh_token: refreshToken }).toString();
}

/** Does not read the body: some servers repeat the request's credentials in it. */
function refusal({ url, status, headers, body }: Answer): Error {
  body.destroy();
  const context = { operation: "get token", path: shown(url), detail: `HTTP ${status}` };
  if (status === 429 || status >= 500) {
    return new TransientFailure({ detail: context.detail }, { retryAfterMs: retryAfterMs(headers["retry-after"]) });
  }
  return new BulkheadError(status === 401 || status === 403 ? "REGISTRY_DENIED" : "REGISTRY_UNAVAILABLE", context);
}

function parse(bytes: Uint8Array): z.output<typeof answerSchema> | undefined {
  try {
    const parsed = answerSchema.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
