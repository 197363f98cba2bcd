/**
 * Addresses that are public, or would lead somewhere near on a real host; here they are interfaces of namespaces, and
 * lead nowhere else.
 */
export const ADDRESS = {
  /** Of the host that runs the sandbox. */
  own: "45.0.0.1",
  /** Of a range that is all the host's, and no interface's. */
  local: "45.0.9.0",
  gateway: "45.0.0.2",
  web: "45.1.1.1",
  other: "45.1.1.2",
  names: "45.1.1.53",
  private: "10.9.9.9",
  metadata: "169.254.169.254",
  own6: "2a00:ffff:0:1::1",
  gateway6: "2a00:ffff:0:1::2",
  web6: "2a00:ffff::1",
} as const;

/** The interface that leads from the host to the internet, and its other end. */
export const LINK = { near: "out", far: "in" } as const;

/** What the internet tells the host of each connection that it takes. */
export interface Arrival {
  readonly to: string;
  readonly port: number;
}
