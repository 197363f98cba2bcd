/** How long a client inside may take to say what it wants. Whoever trickles a header holds one of few connections. */
export const HANDSHAKE_MS = 15_000;
