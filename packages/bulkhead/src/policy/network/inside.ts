/** Addresses of the proxies and the name server inside: on loopback, which only the sandbox can reach. */
export const INSIDE = { address: "127.0.0.1", httpPort: 3128, socksPort: 1080, dnsPort: 53 } as const;
