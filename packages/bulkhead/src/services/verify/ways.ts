import { isDeepStrictEqual } from "node:util";
import { overlap } from "../file/writers.js";
import type { ComponentSpec, ServiceSpec } from "../model.js";
import type { Canary } from "./canary.js";
import type { TriedWay } from "./contract.js";

/** One attempt to make: where to connect inside `from`, to reach `to`. */
export type Way = Pick<TriedWay, "by" | "offer"> &
  ({ readonly path: string } | { readonly host: string; readonly port: number });

/** What the file declares from one component to another: offers, and host paths that both mount. */
export function declaredBetween({ channels }: ServiceSpec, from: ComponentSpec, to: ComponentSpec): readonly string[] {
  const used = channels.filter(({ consumer, provider }) => consumer === from.name && provider === to.name);
  return [...new Set([...used.map(({ provider, offer }) => `${provider}.${offer}`), ...sharedPaths(from, to)])];
}

/** Host paths through which a socket of one component could be visible in the other. */
export function sharedPaths(from: ComponentSpec, to: ComponentSpec): readonly string[] {
  const paths = to.mounts.filter(({ path }) => from.mounts.some((other) => overlap(path, other.path)));
  return paths.map(({ path }) => path);
}

/**
 * Every attempt from one component to another: at the listeners of this verification, and at each offer by its path,
 * by its port on loopback and by the component's name. A place at which the file gives `from` something of its own, a
 * server or the end of a channel, proves nothing, and is left out.
 */
export function waysBetween(
  spec: ServiceSpec,
  from: ComponentSpec,
  to: ComponentSpec,
  canary: Pick<Canary, "port" | "socket">,
): readonly Way[] {
  const atCanary: readonly Way[] = [
    ...(canary.socket === null ? [] : [{ by: "socket", offer: null, path: canary.socket } as const]),
    ...(canary.port === null ? [] : atPort(to.name, canary.port, null)),
  ];
  const own = [...from.offers, ...from.listen].map(({ target }) => target);
  const atOffers = to.offers.flatMap(({ name, target }): readonly Way[] => {
    const isOwn = own.some((one) => isDeepStrictEqual(one, target));
    if (isOwn) return [];
    return "port" in target ? atPort(to.name, target.port, name) : [{ by: "socket", offer: name, path: target.socket }];
  });
  return [...atCanary, ...atOffers].filter((way) => !isChannelEnd(spec, from, way));
}

function atPort(name: string, port: number, offer: string | null): readonly Way[] {
  return [
    { by: "port", offer, host: "127.0.0.1", port },
    { by: "name", offer, host: name, port },
  ];
}

/** Whether a channel of `from` listens there: its name may be that of another component. */
function isChannelEnd({ channels }: ServiceSpec, from: ComponentSpec, way: Way): boolean {
  return channels.some(
    ({ consumer, name, inside }) =>
      consumer === from.name &&
      ("path" in way ? inside.socket === way.path : way.host === name && inside.tcp?.port === way.port),
  );
}

export function targetOf(way: Way): string {
  return "path" in way ? way.path : `${way.host}:${way.port}`;
}
