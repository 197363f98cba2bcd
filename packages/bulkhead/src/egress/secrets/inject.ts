import { Refusal } from "../forward/refusal.js";
import { matchesHost, type Target } from "../rules/match.js";
import type { LoadedSecret } from "./load.js";

/** Headers in Node's raw form: name, value, name, value. */
export type Headers = readonly (readonly [name: string, value: string])[];

export interface Injected {
  readonly headers: Headers;
  /** Names of the secrets that were inserted. */
  readonly secrets: readonly string[];
  /** Names of secrets whose placeholder goes unchanged to a host that they are not for. */
  readonly astray: readonly string[];
  /** Values derived from the secrets, to redact in the answer like the secrets themselves. */
  readonly derived: readonly string[];
}

/**
 * Replaces placeholders with their secrets in the headers of a request to `target`, and inside `Authorization: Basic`.
 * Throws a Refusal if a secret would be sent unencrypted: without it, the request would mean something else.
 */
export function inject(
  headers: Headers,
  secrets: readonly LoadedSecret[],
  target: Target,
  port: number,
  encrypted: boolean,
): Injected {
  const used = new Set<string>();
  const astray = new Set<string>();
  const derived: string[] = [];
  const changed = headers.map(([header, value]) => {
    const basic = /^(basic) +([A-Za-z0-9+/=_-]+)$/i.exec(value);
    let text = basic === null ? value : Buffer.from(basic[2] ?? "", "base64").toString("latin1");
    let touched = false;
    for (const secret of secrets) {
      if (!text.includes(secret.placeholder)) continue;
      if (!isFor(secret, target, port) || (secret.header ?? header.toLowerCase()) !== header.toLowerCase()) {
        astray.add(secret.name);
        continue;
      }
      if (!encrypted) throw new Refusal(`the secret ${secret.name} is sent over TLS only`);
      text = text.replaceAll(secret.placeholder, () => secret.value);
      touched = true;
      used.add(secret.name);
    }
    if (!touched) return [header, value] as const;
    if (basic === null) return [header, text] as const;
    const encoded = Buffer.from(text, "latin1").toString("base64");
    derived.push(encoded);
    return [header, `${basic[1]} ${encoded}`] as const;
  });
  return { headers: changed, secrets: [...used], astray: [...astray], derived };
}

/** The hosts that a secret may be sent to, for the log: `headers to api.example.org:443`. */
export function placesOf({ hosts, header }: LoadedSecret): string {
  const places = hosts.map(({ text, port }) => `${text.replace(/:\d+$/, "")}:${port}`);
  return `${header === null ? "headers" : `the header ${header}`} to ${places.join(", ")} over TLS`;
}

/** Whether a secret may be sent to a host. */
export function isFor({ hosts }: LoadedSecret, target: Target, port: number): boolean {
  return hosts.some((each) => each.port === port && matchesHost(each.host, target));
}
