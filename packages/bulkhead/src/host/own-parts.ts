import { readFileSync } from "node:fs";
import type { Facts } from "./facts.js";

/** One of Bulkhead's own processes that parse hostile input, and its confinement here. */
export interface OwnPart {
  readonly name: string;
  /** The input it parses. */
  readonly parses: string;
  readonly uid: "own" | "the caller's";
  readonly capabilities: "none";
  readonly seccomp: boolean;
  /** 0: this kernel has no Landlock, and the process may read every world-readable file. */
  readonly landlockAbi: number;
  readonly network: boolean;
}

const PARTS: readonly Pick<OwnPart, "name" | "parses" | "network">[] = [
  { name: "fetcher", parses: "registries, token servers, proxies", network: true },
  { name: "reader", parses: "documents, signatures and archives of images", network: false },
  { name: "gate", parses: "what workloads send out, and what hosts outside answer", network: true },
  { name: "bridge", parses: "connections that components of a service hand over", network: false },
  { name: "lister", parses: "listings of writable directories in microVMs", network: false },
];

/** Confinement of Bulkhead's own processes when this process starts them. */
export function ownParts({ landlockAbi }: Facts): readonly OwnPart[] {
  const uid = mayChangeIds() ? "own" : "the caller's";
  return PARTS.map((part) => ({ ...part, uid, capabilities: "none", seccomp: true, landlockAbi }));
}

/** SETGID, SETUID, SETPCAP: the capabilities needed to become another user for good. */
const CHANGE = (1n << 6n) | (1n << 7n) | (1n << 8n);

/** Whether this process may start others under separate uids. */
export function mayChangeIds(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1] ?? "0";
  return (BigInt(`0x${effective}`) & CHANGE) === CHANGE;
}
