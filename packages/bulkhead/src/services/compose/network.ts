import { type Fields, isFields, type Surroundings } from "./left.js";

/** Ports inside that others may want: exposed ones, and those that are published. */
export function exposedPorts(service: Fields): readonly number[] {
  const exposed = listOf(service["expose"]).map((port) => Number(String(port).split("/")[0]));
  const published = listOf(service["ports"]).map((port) => portOf(port)?.inside ?? 0);
  return [...new Set([...exposed, ...published])].filter((port) => Number.isInteger(port) && port > 0 && port < 65_536);
}

/** Ports on the host: on 127.0.0.1, unless the file names an address. */
export function listenOf(ports: unknown, refuse: (why: string) => void): Fields | undefined {
  const listen = listOf(ports).flatMap((port) => {
    const read = portOf(port);
    if (read === undefined || read.host === undefined) {
      refuse(`${JSON.stringify(port)} is not one TCP port with a port on the host`);
      return [];
    }
    const address = read.address ?? "127.0.0.1";
    if (read.address === undefined)
      refuse(`${read.host} is opened on 127.0.0.1 only: name 0.0.0.0 to open it to others`);
    return [[`p${read.host}`, { host: `${address}:${read.host}`, port: read.inside }] as const];
  });
  return listen.length === 0 ? undefined : Object.fromEntries(eachNamed(listen));
}

/** One port on two addresses: the later must not replace the earlier. */
function eachNamed<Value>(entries: readonly (readonly [name: string, value: Value])[]) {
  return entries.map(([name, value], index) => {
    const earlier = entries.slice(0, index).filter(([other]) => other === name).length;
    return [earlier === 0 ? name : `${name}-${earlier + 1}`, value] as const;
  });
}

export function dependenciesOf(value: unknown, { names }: Pick<Surroundings, "names">): readonly string[] | undefined {
  const depends = namesIn(value).flatMap((name) => names.get(name) ?? []);
  return depends.length === 0 ? undefined : depends;
}

/** The exposed ports of each service that it depends on, by that service's name. */
export function usesOf(service: Fields, { services, names }: Surroundings): Fields | undefined {
  const uses = namesIn(service["depends_on"]).flatMap((name) => {
    const other = services[name];
    const ports = isFields(other) ? exposedPorts(other) : [];
    const known = names.get(name) ?? name;
    return ports.map((port, index) => [index === 0 ? known : `${known}-${port}`, `${known}.p${port}`] as const);
  });
  return uses.length === 0 ? undefined : Object.fromEntries(uses);
}

function namesIn(value: unknown): readonly string[] {
  return isFields(value) ? Object.keys(value) : listOf(value).map(String);
}

interface Port {
  readonly address: string | undefined;
  readonly host: number | undefined;
  readonly inside: number;
}

function portOf(port: unknown): Port | undefined {
  if (isFields(port)) {
    const { target, published, host_ip: address, protocol } = port;
    if (protocol === "udp") return undefined;
    return {
      address: typeof address === "string" ? address : undefined,
      host: published === undefined ? undefined : Number(published),
      inside: Number(target),
    };
  }
  const [, address, host, inside] = /^(?:(\d+(?:\.\d+){3}):)?(?:(\d+):)?(\d+)(?:\/tcp)?$/.exec(String(port)) ?? [];
  if (inside === undefined) return undefined;
  return { address, host: host === undefined ? undefined : Number(host), inside: Number(inside) };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
