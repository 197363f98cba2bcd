import type { Level } from "../../policy/level.js";

/** For benchmarks of networks (RFC 2544): no host of the internet has such an address. Loopback has it as its second network. */
const BENCHMARKS = (198 << 24) + (18 << 16) + 2;
/** 127.64.0.2: the Sentry's loopback has one network, and takes every address of it; nobody but us listens at these. */
const LOOPBACK = (127 << 24) + (64 << 16) + 2;
/** A hostile workload could ask for as many names as a wildcard allows; each is kept for as long as the sandbox lives. */
const MOST = 32_768;

/** Gives names reserved addresses, which inside stand for them, and knows them again. An address is never given twice. */
export class ReservedNames {
  readonly #addresses = new Map<string, string>();
  readonly #names = new Map<string, string>();
  readonly #first: number;

  /** `level` says which addresses init can listen at there. */
  constructor(level: Level) {
    this.#first = level === "gvisor" ? LOOPBACK : BENCHMARKS;
  }

  /** The name's address; null: there are no more. */
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
