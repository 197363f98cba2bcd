import { resolve } from "node:path";
import { hostPattern, portRange, splitAuthority } from "./pattern.js";
import type { NetworkRule, Secret, SecretHost } from "./types.js";

/** A secret as written in a policy. */
export interface WrittenSecret {
  readonly hosts: readonly string[];
  readonly env?: string | undefined;
  readonly file?: string | undefined;
  readonly value?: string | undefined;
  readonly header?: string | undefined;
}

/** Reads one of a secret's hosts: `HOST[:PORT]`, port 443 by default. A string describes the problem. */
export function readSecretHost(text: string): SecretHost | string {
  const parts = /:\/\//.test(text) ? undefined : splitAuthority(text);
  if (parts === undefined || parts.rest !== "") return `${JSON.stringify(text)} is not HOST[:PORT]`;
  const host = hostPattern(parts.host);
  if (typeof host === "string") return host;
  if (host.kind === "any") return "a secret is for hosts that are named";
  if (host.kind === "range") return "a secret is for hosts by name: a certificate must prove who gets it";
  const range = portRange(parts.port ?? "443");
  if (range === undefined || range.from !== range.to) return `${JSON.stringify(text)} needs one port`;
  return { text, host, port: range.from };
}

/** The problem with a secret; undefined if it is valid. */
export function secretProblem({ env, file, value, hosts }: WrittenSecret): string | undefined {
  const sources = [env, file, value].filter((source) => source !== undefined);
  if (sources.length !== 1) return "needs exactly one of env, file and value";
  return hosts.length === 0 ? "needs hosts: which ones it is sent to" : undefined;
}

/** Whether a rule could allow a request to this host of a secret, over TLS that the gate can intercept. */
export function isReachable(secret: SecretHost, rule: NetworkRule): boolean {
  if (rule.protocol === "tcp" || rule.protocol === "http") return false;
  if (!rule.ports.some(({ from, to }) => from <= secret.port && secret.port <= to)) return false;
  if (secret.host.kind !== "name" && secret.host.kind !== "below") return false;
  const { host } = rule;
  if (host.kind === "any") return true;
  if (host.kind === "range") return false;
  if (host.kind === "name") {
    return secret.host.kind === "name" ? secret.host.name === host.name : host.name.endsWith(`.${secret.host.name}`);
  }
  const { name } = secret.host;
  return (
    name.endsWith(`.${host.name}`) ||
    (secret.host.kind === "below" && (name === host.name || host.name.endsWith(`.${name}`)))
  );
}

export function resolveSecret(name: string, written: WrittenSecret, directory: string): Secret {
  const { env, file, value = "", header } = written;
  return {
    name,
    source:
      env !== undefined
        ? { kind: "env", variable: env }
        : file !== undefined
          ? { kind: "file", path: resolve(directory, file) }
          : { kind: "value", value },
    hosts: written.hosts.map(readSecretHost).filter((host) => typeof host !== "string"),
    header: header?.toLowerCase() ?? null,
  };
}
