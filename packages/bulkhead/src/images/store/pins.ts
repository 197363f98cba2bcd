import { readdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isAbandoned, newToken } from "../../host/owner-token.js";
import { errnoOf, unavailable } from "./location.js";
import { ignoreMissing } from "./work-claims.js";

/** Held while blobs are in use that may have no name, or have lost it. */
export const PULL = "pull";

/** Marks the end of a complete pin. */
const END = "end";

/** Pins of this process, by store and name; `ready` resolves when nothing collects the data any more. */
const held = new Map<string, Held>();
const POLL_MS = 20;
let listens = false;

interface Held {
  readonly path: string;
  readonly ready: Promise<void>;
  /** Users that still hold it. */
  users: number;
}

/**
 * Data that must not be collected because a process uses it: `pins/WHAT.TOKEN`, which lists the parts of WHAT, one per
 * line. And data that is being deleted: `condemned/WHAT.TOKEN`.
 *
 * A user first writes a pin and then checks for deletions; a collector first starts a deletion and then checks
 * for pins. So of two that start at the same moment at least one sees the other, in any order: the collector gives up,
 * and the user waits until it has.
 */
export class Pins {
  readonly #pins: string;
  readonly #deletions: string;

  constructor(pins: string, deletions: string) {
    this.#pins = pins;
    this.#deletions = deletions;
  }

  /** Pins data as long as this process lives. Throws IMAGE_STORE_UNAVAILABLE. */
  async hold(what: string): Promise<void> {
    await this.use(what);
  }

  /**
   * Pins data and its parts until the result is disposed of or this process ends. Synchronous where possible, because
   * each launch from an image comes through here. Throws IMAGE_STORE_UNAVAILABLE.
   */
  async use(what: string, parts: readonly string[] = []): Promise<Disposable> {
    const known = join(this.#pins, what);
    const pin = held.get(known) ?? this.#pin(known, [what, ...parts]);
    pin.users += 1;
    let released = false;
    const release = () => {
      if (released) return;
      released = true;
      pin.users -= 1;
      if (pin.users > 0) return;
      held.delete(known);
      remove(pin.path);
    };
    try {
      await pin.ready;
    } catch (error) {
      release();
      throw error;
    }
    return { [Symbol.dispose]: release };
  }

  #pin(known: string, parts: readonly string[]): Held {
    const path = `${known}.${newToken()}`;
    try {
      writeFileSync(path, `${parts.join("\n")}\n${END}`, { flag: "wx", mode: 0o600 });
    } catch (error) {
      throw unavailable(this.#pins, errnoOf(error));
    }
    if (!listens) process.once("exit", releaseAll);
    listens = true;
    const pin = { path, ready: this.#deletionsEnd(parts), users: 0 };
    held.set(known, pin);
    return pin;
  }

  /** As `hold`, until it is disposed of; for work that ends before the process does. */
  async holdFor(what: string): Promise<Disposable> {
    const path = `${join(this.#pins, what)}.${newToken()}`;
    await writeFile(path, `${what}\n${END}`, { flag: "wx", mode: 0o600 });
    await this.#deletionsEnd([what]);
    return { [Symbol.dispose]: () => remove(path) };
  }

  /** Starts a deletion, which ends at its disposal and must be short. Undefined if a live process holds the data. */
  async startDeletion(what: string): Promise<Disposable | undefined> {
    const path = `${join(this.#deletions, what)}.${newToken()}`;
    await writeFile(path, "", { flag: "wx", mode: 0o600 });
    const deletion = { [Symbol.dispose]: () => remove(path) };
    if (!this.isHeld(what)) return deletion;
    deletion[Symbol.dispose]();
    return undefined;
  }

  /** By itself, or as a part of something. */
  isHeld(what: string): boolean {
    const live = readdirSync(this.#pins).filter((name) => !isAbandoned(tokenOf(name)));
    return live.some((name) => name.startsWith(`${what}.`) || holds(join(this.#pins, name), what));
  }

  /** Removes pins of dead processes. */
  sweep(): void {
    for (const directory of [this.#pins, this.#deletions]) {
      const abandoned = readdirSync(directory).filter((name) => isAbandoned(tokenOf(name)));
      for (const name of abandoned) remove(join(directory, name));
    }
  }

  async #deletionsEnd(parts: readonly string[]): Promise<void> {
    while (this.#isBeingDeleted(parts)) await sleep(POLL_MS);
  }

  #isBeingDeleted(parts: readonly string[]): boolean {
    const names = readdirSync(this.#deletions);
    return names.some((name) => parts.some((part) => name.startsWith(`${part}.`)) && !isAbandoned(tokenOf(name)));
  }
}

/** Whether a pin covers this part. An incomplete pin may cover anything. */
function holds(pin: string, what: string): boolean {
  try {
    const lines = readFileSync(pin, "utf8").split("\n");
    return lines.at(-1) !== END || lines.includes(what);
  } catch (error) {
    ignoreMissing(error);
    return false; // let go of meanwhile
  }
}

function tokenOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

function releaseAll(): void {
  for (const { path } of held.values()) remove(path);
  held.clear();
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    ignoreMissing(error);
  }
}
