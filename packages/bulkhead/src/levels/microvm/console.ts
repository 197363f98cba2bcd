import type { Duplex } from "node:stream";

/** Bytes of a console to keep: its end, which says why a boot failed. */
const KEPT_BYTES = 16 * 1024;
/** A guest that floods its console slows itself down, and costs this process almost nothing. */
const BYTES_PER_TICK = 64 * 1024;
const TICK_MS = 250;
/** The kernel's message when it panics. */
const PANIC = "Kernel panic - not syncing";

/** The end of a guest's console. Hostile bytes: only printable ASCII is ever passed on. */
export class GuestConsole {
  #recent: Buffer = Buffer.alloc(0);
  #taken = 0;

  constructor(stream: Duplex) {
    stream.on("error", () => undefined);
    stream.on("data", (chunk: Buffer) => {
      this.#recent = Buffer.concat([this.#recent, chunk]).subarray(-KEPT_BYTES);
      this.#taken += chunk.length;
      if (this.#taken < BYTES_PER_TICK) return;
      this.#taken = 0;
      stream.pause();
      setTimeout(() => stream.resume(), TICK_MS).unref();
    });
  }

  /** The last lines, at most `most` characters; after a panic its reason, which the trace would otherwise push out. */
  tail(most = 1500): string {
    const text = this.#printable();
    const from = Math.min(startOfPanic(text) ?? text.length, Math.max(0, text.length - most));
    return text.slice(from, from + most);
  }

  /** The reason of a panic, with the beginning of its trace; undefined if there was none. */
  panic(most = 300): string | undefined {
    const text = this.#printable();
    const start = startOfPanic(text);
    return start === undefined ? undefined : text.slice(start, start + most);
  }

  #printable(): string {
    return this.#recent
      .toString("latin1")
      .replace(/\r/g, "")
      .replace(/[^\x20-\x7e\n]/g, "?")
      .trim();
  }
}

/** Start of the line in which the kernel gives the reason of a panic. */
function startOfPanic(text: string): number | undefined {
  const panic = text.lastIndexOf(PANIC);
  return panic < 0 ? undefined : text.lastIndexOf("\n", panic) + 1;
}
