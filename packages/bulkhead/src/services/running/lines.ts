import { StringDecoder } from "node:string_decoder";
import { setImmediate } from "node:timers/promises";
import { printableLine } from "../../errors/describe.js";

/** A longer line is split: a component may never end one. */
const LONGEST_LINE = 8192;

/** Splits a program's output into lines that can neither act on a terminal nor forge another line. */
export class Lines {
  readonly #decoder = new StringDecoder("utf8");
  #partial = "";

  /** The lines that `chunk` completes. */
  push(chunk: Buffer): readonly string[] {
    const lines = (this.#partial + this.#decoder.write(chunk)).split("\n");
    this.#partial = lines.pop() ?? "";
    while (this.#partial.length > LONGEST_LINE) {
      lines.push(this.#partial.slice(0, LONGEST_LINE));
      this.#partial = this.#partial.slice(LONGEST_LINE);
    }
    return lines.flatMap(split);
  }

  /** What came after the last end of a line. */
  end(): readonly string[] {
    const rest = this.#partial + this.#decoder.end();
    this.#partial = "";
    return rest === "" ? [] : split(rest);
  }
}

/** Lines passed on before other work of this process has its turn: a line may be a single byte. */
const IN_ONE_TURN = 256;

/** Passes each line on, in order. */
export async function passLines(lines: readonly string[], take: (line: string) => unknown): Promise<void> {
  for (const [index, line] of lines.entries()) {
    if (index % IN_ONE_TURN === IN_ONE_TURN - 1) await setImmediate();
    await take(line);
  }
}

function split(line: string): readonly string[] {
  const text = line.endsWith("\r") ? line.slice(0, -1) : line;
  const pieces: string[] = [];
  for (let at = 0; at === 0 || at < text.length; at += LONGEST_LINE) {
    pieces.push(printableLine(text.slice(at, at + LONGEST_LINE)).toWellFormed());
  }
  return pieces;
}
