import { posix } from "node:path";
import { type Level, strongerOf } from "../../policy/level.js";
import { isMountable } from "../../policy/paths.js";
import type { ResolvedPolicy } from "../../policy/resolved.js";
import type { Policy } from "../../policy/schema.js";
import type { ChannelSpec } from "../channels/contract.js";
import type { ComponentSpec, HostMount, ListenSpec, OfferSpec, SecretFile, Target } from "../model.js";
import { CHANNELS_DIRECTORY } from "./channels.js";
import type { Problems } from "./problems.js";
import type { ReadComponent } from "./read.js";

/** Directory inside that holds a component's secret files. */
export const SECRETS_DIRECTORY = "/run/secrets";

/** Sockets and secrets are small. */
const SMALL = "1MiB";

export interface Parts {
  readonly level: Level;
  readonly minLevel: Level | null;
  readonly offers: readonly OfferSpec[];
  readonly listen: readonly ListenSpec[];
  readonly sockets: ComponentSpec["sockets"];
  /** Channels to other components. */
  readonly uses: readonly ChannelSpec[];
  readonly secretFiles: readonly SecretFile[];
  /** The host paths of the component's `files`, in their order, without links. */
  readonly mounts: readonly HostMount[];
  /** The directory that is its root, without links; null for any other root. */
  readonly root: string | null;
  /** Whether it says itself when it is ready, over a socket of Bulkhead's. */
  readonly notifies: boolean;
}

/** The policy of a component's sandbox: what the file says, and places for its sockets and secrets. */
export function sandboxPolicy(component: ReadComponent, parts: Parts, problems: Problems): Policy {
  const { policy, resolved, name } = component;
  const { minLevel, uses, secretFiles, root } = parts;
  const names = Object.fromEntries(
    uses.flatMap(({ name: use, inside }) => (inside.tcp ? [[use, inside.tcp.address]] : [])),
  );
  const variables = Object.fromEntries(secretFiles.map(({ name: secret, at }) => [`${secret}_FILE`, at]));
  const own = ownPlaces(parts);
  const places = placesFor(parts).filter((at) => needsPlace(at, own.includes(at), component, problems));
  const hosts = { ...policy.hosts, ...names };
  const env = { ...variables, ...policy.env };
  const files = [...filesWithoutLinks(policy, parts), ...places.map((at) => ({ tmpfs: at, size: SMALL, exec: false }))];
  return {
    ...policy,
    ...(root === null ? {} : { root }),
    hostname: policy.hostname ?? name,
    ...(minLevel === null || resolved.level.exact !== null ? {} : { level: { min: floorOf(resolved, minLevel) } }),
    ...(Object.keys(hosts).length === 0 ? {} : { hosts }),
    ...(Object.keys(env).length === 0 ? {} : { env }),
    ...(files.length === 0 ? {} : { files }),
    ...(policy.tcp === undefined ? {} : { tcp: withPorts(resolved, parts) }),
  };
}

function filesWithoutLinks({ files = [] }: Policy, { mounts }: Parts): NonNullable<Policy["files"]> {
  let next = 0;
  return files.map((file) => ("host" in file ? { ...file, host: mounts[next++]?.path ?? file.host } : file));
}

function floorOf({ level }: ResolvedPolicy, minLevel: Level): Level {
  return level.min === null ? minLevel : strongerOf(level.min, minLevel);
}

/** Directories in which something must be creatable: shortest first, because one may be in another. */
function placesFor(parts: Parts): readonly string[] {
  const sockets = [...parts.offers, ...parts.listen].flatMap(({ target }) =>
    "socket" in target ? [posix.dirname(target.socket)] : [],
  );
  return [...new Set([...sockets, ...ownPlaces(parts)])].sort((one, other) => one.length - other.length);
}

/** Directories that Bulkhead fills: in memory always, because a copy on the host would outlive the sandbox. */
function ownPlaces({ uses, secretFiles, notifies }: Parts): readonly string[] {
  return [
    ...(uses.length > 0 || notifies ? [CHANNELS_DIRECTORY] : []),
    ...(secretFiles.length > 0 ? [SECRETS_DIRECTORY] : []),
  ];
}

/** Whether an in-memory directory must be mounted at `at`: the component has nothing writable there yet. */
function needsPlace(at: string, own: boolean, { name, resolved }: ReadComponent, problems: Problems): boolean {
  const refuse = (message: string) => problems.add(["components", name], message);
  if (!isMountable(at)) {
    if (at !== "/dev/shm") refuse(`sockets must be in a directory outside /proc, /sys and /dev, not in ${at}`);
    return false;
  }
  const covering = resolved.files
    .filter((file) => isWithin(at, file.at))
    .sort((one, other) => other.at.length - one.at.length)[0];
  if (covering === undefined)
    return own || (!resolved.writableRoot && !isWithin(at, "/tmp") && at !== (resolved.workdir ?? "/work"));
  if (covering.kind === "tmpfs") return false;
  if (own && covering.writable) {
    refuse(`${at} would be on the host, because ${covering.at} is a writable mount: mount that elsewhere`);
    return false;
  }
  if (covering.at !== at) return !covering.writable;
  if (!covering.writable) refuse(`${at} is mounted read-only, and must be writable for sockets and secrets`);
  return false;
}

/** Landlock's ports bind init too: those of channels must be among them. */
function withPorts({ tcp }: ResolvedPolicy, { offers, listen, sockets, uses }: Parts): NonNullable<Policy["tcp"]> {
  const reached = [...offers, ...listen].flatMap(({ target }) => portOf(target));
  const opened = sockets.map(({ port }) => port);
  const bound = uses.flatMap(({ inside }) => (inside.tcp === null ? [] : [inside.tcp.port]));
  return {
    bind: [...new Set([...(tcp?.bind ?? []), ...bound, ...opened])],
    connect: [...new Set([...(tcp?.connect ?? []), ...reached, ...bound])],
  };
}

function portOf(target: Target): readonly number[] {
  return "port" in target ? [target.port] : [];
}

function isWithin(path: string, parent: string): boolean {
  return path === parent || path.startsWith(`${parent}/`);
}
