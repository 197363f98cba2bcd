/**
 * How long a client inside may take to send its request. A client that trickles a header occupies one of few
 * connections.
 */
export const HANDSHAKE_MS = 15_000;
