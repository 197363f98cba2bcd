import { closeSync, openSync, readdirSync, unlinkSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { errnoOf, unavailable } from "./location.js";
import { isAbandoned, newToken } from "./owner-token.js";
import { ignoreMissing } from "./turns.js";

/** Held while blobs are used that may have no name, or not any more. */
export const PULL = "pull";

/** Pins of this process, by store and name; `ready` when nothing collects it any more. */
const held = new Map<string, { readonly path: string; readonly ready: Promise<void> }>();
const POLL_MS = 20;

/**
 * What must not be collected, because a process uses it: `pins/WHAT.TOKEN`. And what is being collected: `condemned/WHAT.TOKEN`.
 *
 * Who uses something writes first a pin and then looks whether it is condemned; who collects condemns first and then looks for pins. So of
 * two that begin in the same moment at least one sees the other, whatever the order: the collector lets go, and the
 * user waits until it has.
 */
export class Pins {
  readonly #pins: string;
  readonly #condemned: string;

  constructor(pins: string, condemned: string) {
    this.#pins = pins;
    this.#condemned = condemned;
  }

  /**
   * Keeps something as long as this process lives: its sandboxes end with it. Synchronous where it can be, since each
   * launch from an image passes here. Throws IMAGE_STORE_UNAVAILABLE.
   */
  async hold(what: string): Promise<void> {
    const known = join(this.#pins, what);
    const other = held.get(known);
    if (other !== undefined) return await other.ready;
    const path = `${known}.${newToken()}`;
    try {
      closeSync(openSync(path, "wx", 0o600));
    } catch (error) {
      throw unavailable(this.#pins, errnoOf(error));
    }
    if (held.size === 0) process.once("exit", releaseAll);
    const ready = this.#whileCondemned(what);
    held.set(known, { path, ready });
    await ready;
  }

  /** As `hold`, until it is disposed of; for work that ends before the process does. */
  async holdFor(what: string): Promise<Disposable> {
    const path = `${join(this.#pins, what)}.${newToken()}`;
    await writeFile(path, "", { flag: "wx", mode: 0o600 });
    await this.#whileCondemned(what);
    return { [Symbol.dispose]: () => remove(path) };
  }

  /** Condemns something unless a live process holds it: undefined then. What is done while it is condemned must be short. */
  async condemn(what: string): Promise<Disposable | undefined> {
    const path = `${join(this.#condemned, what)}.${newToken()}`;
    await writeFile(path, "", { flag: "wx", mode: 0o600 });
    const condemned = { [Symbol.dispose]: () => remove(path) };
    if (!this.isHeld(what)) return condemned;
    condemned[Symbol.dispose]();
    return undefined;
  }

  isHeld(what: string): boolean {
    return isOwned(this.#pins, what);
  }

  /** Removes what dead processes left. */
  sweep(): void {
    for (const directory of [this.#pins, this.#condemned]) {
      const abandoned = readdirSync(directory).filter((name) => isAbandoned(tokenOf(name)));
      for (const name of abandoned) remove(join(directory, name));
    }
  }

  async #whileCondemned(what: string): Promise<void> {
    while (isOwned(this.#condemned, what)) await sleep(POLL_MS);
  }
}

function isOwned(directory: string, what: string): boolean {
  return readdirSync(directory).some((name) => name.startsWith(`${what}.`) && !isAbandoned(tokenOf(name)));
}

function tokenOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

function releaseAll(): void {
  for (const { path } of held.values()) remove(path);
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    ignoreMissing(error);
  }
}
