import { isIPv4, isIPv6 } from "node:net";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { type Digest, isDigest } from "./digest.js";

/** The name of an image in a registry. */
export interface ImageName {
  /** `HOST[:PORT]`, lower case; Docker Hub is `docker.io`. */
  readonly registry: string;
  readonly repository: string;
  /** Undefined only if there is a digest. */
  readonly tag: string | undefined;
  /** Decides if there is a tag too. */
  readonly digest: Digest | undefined;
}

export const DOCKER_HUB = "docker.io";

// The grammar of https://github.com/distribution/reference, which Docker, containerd and Podman share.
const HOST_PART = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const HOST = new RegExp(`^${HOST_PART}(?:\\.${HOST_PART})*$`);
/** URLs take this for an IPv4 address, in any spelling; only the usual one is a registry's. */
const ENDS_IN_NUMBER = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/;
const COMPONENT = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const HEX_ID = /^[0-9a-f]{64}$/;
const LONGEST_REPOSITORY = 255;
const LONGEST_NAME = 1024;

/**
 * Parses `[REGISTRY/]NAME[:TAG][@sha256:DIGEST]`. The default registry is Docker Hub; the default tag, without a
 * digest, is `latest`. Throws IMAGE_NAME_INVALID, whose `detail` is the invalid part.
 */
export function parseImageName(text: string): ImageName {
  if (text.length > LONGEST_NAME) throw invalidName(text.slice(0, 64), "too long");
  const [name = "", digest, ...more] = text.split("@");
  if (more.length > 0 || (digest !== undefined && !isDigest(digest))) throw invalidName(text, "digest");
  const slash = name.lastIndexOf("/");
  const colon = name.indexOf(":", slash + 1);
  const tag = colon < 0 ? undefined : name.slice(colon + 1);
  if (tag !== undefined && !TAG.test(tag)) throw invalidName(text, "tag");
  const { registry, repository } = splitRegistry(colon < 0 ? name : name.slice(0, colon), text);
  const components = repository.split("/");
  if (repository.length > LONGEST_REPOSITORY || !components.every((component) => COMPONENT.test(component))) {
    throw invalidName(text, "repository");
  }
  // Docker takes such a word for an image id, which is not a name that a registry could know.
  if (HEX_ID.test(name)) throw invalidName(text, "64 hex digits are no name");
  return { registry, repository, tag: tag ?? (digest === undefined ? "latest" : undefined), digest };
}

/** The full name: two that mean the same image are equal. */
export function formatImageName({ registry, repository, tag, digest }: ImageName): string {
  return `${registry}/${repository}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

/** The short form that people write: without `docker.io/` and `library/`, unless the rest would mean another image. */
export function shortImageName(name: ImageName): string {
  const full = formatImageName(name);
  const { repository } = name;
  if (name.registry !== DOCKER_HUB || HEX_ID.test(repository.replace("library/", ""))) return full;
  const short = full.slice(DOCKER_HUB.length + 1);
  if (/^library\/[^/]*$/.test(repository)) return short.slice("library/".length);
  return !repository.includes("/") || looksLikeRegistry(repository.slice(0, repository.indexOf("/"))) ? full : short;
}

/** Whether `HOST[:PORT]` is a registry, as in names. */
export function isRegistry(text: string): boolean {
  const [, ipv6, host = "", port] = /^(?:\[([0-9a-f:.]+)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return false;
  if (ipv6 !== undefined) return isIPv6(ipv6);
  return host.length <= 253 && HOST.test(host) && (!ENDS_IN_NUMBER.test(host) || isIPv4(host));
}

/** The part before the first slash is a registry if it could not be part of a repository: Docker's rule. */
function splitRegistry(name: string, text: string): { registry: string; repository: string } {
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(0, slash));
  if (first === "" || !looksLikeRegistry(first)) {
    return { registry: DOCKER_HUB, repository: slash < 0 ? `library/${name}` : name };
  }
  const registry = first.toLowerCase();
  const repository = name.slice(slash + 1);
  if (!isRegistry(registry)) throw invalidName(text, "registry");
  if (registry !== DOCKER_HUB && registry !== `index.${DOCKER_HUB}`) return { registry, repository };
  return { registry: DOCKER_HUB, repository: repository.includes("/") ? repository : `library/${repository}` };
}

function looksLikeRegistry(component: string): boolean {
  return /[.:A-Z]/.test(component) || component === "localhost";
}

function invalidName(text: string, detail: string): BulkheadError {
  return new BulkheadError("IMAGE_NAME_INVALID", { operation: "parse image", path: text, detail });
}
