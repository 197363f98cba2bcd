/** Where the proxies and the name server are inside: on loopback, which nobody but the sandbox can reach. */
export const INSIDE = { address: "127.0.0.1", httpPort: 3128, socksPort: 1080, dnsPort: 53 } as const;
