import type { Learned } from "./learned.js";

/** Ports that were bound and connected to, whatever the protocol: of UDP they allow what nobody asks for. */
export interface LearnedPorts {
  readonly bind: readonly number[];
  readonly connect: readonly number[];
}

export function learnedPorts({ peers }: Learned): LearnedPorts {
  const of = (wanted: string) => {
    const seen = peers.filter(({ call, family }) => call === wanted && (family === "inet" || family === "inet6"));
    return [...new Set(seen.map(({ port }) => port))].sort((a, b) => a - b);
  };
  return { bind: of("bind"), connect: of("connect") };
}
