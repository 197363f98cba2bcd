import type { Policy } from "../policy/schema.js";
import type { Learned } from "./learned.js";

/** Ports bound and connected to, for any protocol; UDP ports in it allow TCP that no program asks for. */
export interface LearnedPorts {
  readonly bind: readonly number[];
  readonly connect: readonly number[];
}

/**
 * Landlock decides about a call after it is observed, so calls that `tcp` refuses are observed, too: learn only ports
 * in `tcp`. That also keeps the lists as short as a policy's must be. Only binding uses port 0 (any free port): a
 * program allowed to bind to it cannot choose one.
 */
export function learnedPorts({ peers }: Learned, tcp: Policy["tcp"]): LearnedPorts {
  const of = (wanted: "bind" | "connect") => {
    const seen = peers.filter(({ call, family }) => call === wanted && (family === "inet" || family === "inet6"));
    const ports = [...new Set(seen.map(({ port }) => port))].sort((a, b) => a - b);
    return tcp === undefined ? ports : ports.filter((port) => tcp[wanted]?.includes(port) === true);
  };
  return { bind: of("bind"), connect: of("connect") };
}
