import type { Level } from "../../policy/level.js";

/**
 * Reserved for network benchmarks (RFC 2544): no internet host has such an address. Loopback gets it as its second
 * network.
 */
const BENCHMARKS = (198 << 24) + (18 << 16) + 2;
/**
 * 127.64.0.2: the Sentry's loopback has one network and accepts every address in it; only Bulkhead listens at these.
 */
const LOOPBACK = (127 << 24) + (64 << 16) + 2;
/**
 * A hostile workload could ask for as many names as a wildcard allows, and each is kept for the life of the sandbox.
 */
const MOST = 32_768;

/** Assigns reserved addresses to names inside, and maps them back. No address is assigned twice. */
export class ReservedNames {
  readonly #addresses = new Map<string, string>();
  readonly #names = new Map<string, string>();
  readonly #first: number;

  /** `level` determines the addresses that init can listen at. */
  constructor(level: Level) {
    this.#first = level === "gvisor" ? LOOPBACK : BENCHMARKS;
  }

  /** The name's address; null if none is left. */
  addressFor(name: string): string | null {
    const given = this.#addresses.get(name);
    if (given !== undefined) return given;
    if (this.#addresses.size >= MOST) return null;
    const number = (this.#first + this.#addresses.size) >>> 0;
    const address = [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join(".");
    this.#addresses.set(name, address);
    this.#names.set(address, name);
    return address;
  }

  nameOf(address: string): string | null {
    return this.#names.get(address) ?? null;
  }
}
