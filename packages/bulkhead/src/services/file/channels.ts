import type { ChannelLimits, ChannelSpec } from "../channels/contract.js";
import type { OfferSpec } from "../model.js";
import type { Problems } from "./problems.js";
import type { ReadComponent } from "./read.js";
import type { CheckedUse } from "./schema.js";

/** Directory inside a consumer that holds the sockets of its channels. */
export const CHANNELS_DIRECTORY = "/run/bulkhead";

const DEFAULT_CONNECTIONS = 256;

/** What a component offers; null `from`: to every component of the service. */
export function offersOf({ name, own }: ReadComponent, problems: Problems): readonly OfferSpec[] {
  return Object.entries(own.provides ?? {}).map(([offer, written]) => {
    const { from, identify = "none" } = written;
    if ("socket" in written && isWithin(written.socket, CHANNELS_DIRECTORY)) {
      const at = ["components", name, "provides", offer, "socket"];
      problems.add(at, `must be outside ${CHANNELS_DIRECTORY}, which holds the sockets of \`uses\``);
    }
    const target = "port" in written ? { port: written.port } : { socket: written.socket };
    return { name: offer, target, from: from ?? null, identify };
  });
}

export interface Components {
  readonly byName: ReadonlyMap<string, ReadComponent>;
  /** Those of invalid components too. */
  readonly names: ReadonlySet<string>;
}

/** The channels from a component to others. An offer that is missing or closed to the component is a problem. */
export function channelsOf(
  consumer: ReadComponent,
  { byName, names }: Components,
  problems: Problems,
): readonly ChannelSpec[] {
  const base = ["components", consumer.name];
  for (const [index, other] of (consumer.own.depends ?? []).entries()) {
    if (!names.has(other)) problems.add([...base, "depends", index], `there is no component ${other}`);
    if (other === consumer.name) problems.add([...base, "depends", index], "a component cannot depend on itself");
  }
  for (const [offer, { from }] of Object.entries(consumer.own.provides ?? {})) {
    for (const [index, other] of (from ?? []).entries()) {
      if (names.has(other) && other !== consumer.name) continue;
      problems.add([...base, "provides", offer, "from", index], `there is no other component ${other}`);
    }
  }
  return Object.entries(consumer.own.uses ?? {}).flatMap(([name, use], index) => {
    const channel = channelOf({ consumer, name, use, index }, { byName, names }, (message) =>
      problems.add([...base, "uses", name], message),
    );
    return channel ?? [];
  });
}

interface Use {
  readonly consumer: ReadComponent;
  readonly name: string;
  readonly use: CheckedUse;
  readonly index: number;
}

function channelOf(
  { consumer, name, use, index }: Use,
  { byName, names }: Components,
  refuse: (message: string) => void,
): ChannelSpec | undefined {
  const long = typeof use === "string" ? { offer: use } : use;
  const [providerName = "", offerName = ""] = long.offer.split(".");
  const provider = byName.get(providerName);
  if (provider === undefined && names.has(providerName)) return undefined;
  if (provider === undefined) return void refuse(`there is no component ${providerName}`);
  if (provider === consumer) return void refuse("a component cannot use its own offer");
  const offers = provider.own.provides ?? {};
  const offer = Object.hasOwn(offers, offerName) ? offers[offerName] : undefined;
  if (offer === undefined) {
    const known = Object.keys(offers);
    const there = known.length === 0 ? "it provides nothing" : `it provides ${known.join(", ")}`;
    return void refuse(`${providerName} provides no ${offerName}: ${there}`);
  }
  if (offer.from !== undefined && !offer.from.includes(consumer.name)) {
    return void refuse(`${long.offer} is offered only to ${offer.from.join(", ") || "no component"}`);
  }
  if (Object.hasOwn(consumer.resolved.hosts, name)) return void refuse(`${name} is also a name in \`hosts\``);
  const port = long.port ?? ("port" in offer ? offer.port : undefined);
  return {
    consumer: consumer.name,
    provider: providerName,
    name,
    offer: offerName,
    inside: {
      socket: `${CHANNELS_DIRECTORY}/${name}.sock`,
      // 127.0.0.1 is the component's own.
      tcp: port === undefined ? null : { address: `127.0.0.${index + 2}`, port },
    },
    target: "port" in offer ? { port: offer.port } : { socket: offer.socket },
    limits: limitsOf(long),
    identify: offer.identify ?? "none",
  };
}

function limitsOf(use: Exclude<CheckedUse, string>): ChannelLimits {
  return {
    connections: use.connections ?? DEFAULT_CONNECTIONS,
    bytesPerSecond: use.bandwidth ?? null,
    bytes: use.bytes ?? null,
    idleMs: use.idle ?? null,
  };
}

function isWithin(path: string, parent: string): boolean {
  return path === parent || path.startsWith(`${parent}/`);
}
