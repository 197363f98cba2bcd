import type { Policy } from "../policy/schema.js";
import type { Learned } from "./learned.js";

/** Ports that were bound and connected to, whatever the protocol: of UDP they allow what nobody asks for. */
export interface LearnedPorts {
  readonly bind: readonly number[];
  readonly connect: readonly number[];
}

/**
 * A call is seen before Landlock decides about it, so one that `tcp` refuses is seen, too: only what `tcp` has is learned. That also keeps the lists
 * as short as a policy's have to be. Of 0 (any that is free) only the binding to 0 is a use: who may bind to that may choose none.
 */
export function learnedPorts({ peers }: Learned, tcp: Policy["tcp"]): LearnedPorts {
  const of = (wanted: "bind" | "connect") => {
    const seen = peers.filter(({ call, family }) => call === wanted && (family === "inet" || family === "inet6"));
    const ports = [...new Set(seen.map(({ port }) => port))].sort((a, b) => a - b);
    return tcp === undefined ? ports : ports.filter((port) => tcp[wanted]?.includes(port) === true);
  };
  return { bind: of("bind"), connect: of("connect") };
}
