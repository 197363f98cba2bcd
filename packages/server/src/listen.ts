import { isIPv6 } from "node:net";
import { BulkheadError } from "bulkhead";

export interface ListenAddress {
  readonly host: string;
  /** 0: the kernel chooses. */
  readonly port: number;
}

export const DEFAULT_LISTEN = "127.0.0.1:8420";

/** Reads `ADDRESS:PORT`, where an IPv6 address has brackets. @throws BulkheadError USAGE */
export function parseListen(text: string): ListenAddress {
  const [, v6, v4, port] = /^(?:\[([0-9a-f:.]+)\]|(\d+\.\d+\.\d+\.\d+)):(\d{1,5})$/i.exec(text) ?? [];
  const host = v6 ?? v4;
  if (host === undefined || Number(port) > 65_535) {
    throw new BulkheadError("USAGE", { operation: "--listen", detail: `${text} is not ADDRESS:PORT` });
  }
  return { host, port: Number(port) };
}

/** Whether only processes of this machine can connect. */
export function isLoopback(host: string): boolean {
  return host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

export function urlOf({ host, port }: ListenAddress, isTls: boolean): string {
  return `${isTls ? "https" : "http"}://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
