import { BulkheadError, type RunControl, type TerminalSize } from "bulkhead";

const FALLBACK: TerminalSize = { rows: 24, cols: 80 };

/** The parts of a terminal that `-t` needs. */
export interface TerminalStreams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
}

/** Throws a usage error if stdin is not a terminal: the workload would wait for keys that no one can press. */
export function terminalFor(stdin: NodeJS.ReadStream, stdout: NodeJS.WriteStream): Terminal {
  if (stdin.isTTY !== true) {
    throw new BulkheadError("USAGE", { operation: "--tty", detail: "-t needs a terminal, and stdin is not one" });
  }
  return new Terminal({ stdin, stdout });
}

/**
 * This process's terminal, lent to the workload: it is raw, so that Ctrl-C goes to the workload, and size changes are
 * forwarded.
 */
export class Terminal {
  readonly #streams: TerminalStreams;
  #disconnect: (() => void) | undefined;

  constructor(streams: TerminalStreams) {
    this.#streams = streams;
  }

  get size(): TerminalSize {
    const { rows, columns } = this.#streams.stdout;
    // A terminal without a window (a serial line) reports 0 by 0.
    return rows > 0 && columns > 0 ? { rows, cols: columns } : FALLBACK;
  }

  /** Raw mode only if keys are forwarded at all: else Ctrl-C would reach neither the workload nor this process. */
  connect(control: Pick<RunControl, "resize">, passesKeys: boolean): void {
    const { stdin, stdout } = this.#streams;
    const resize = () => control.resize(this.size);
    if (passesKeys) stdin.setRawMode(true);
    stdout.on("resize", resize);
    this.#disconnect = () => {
      stdout.off("resize", resize);
      if (passesKeys) stdin.setRawMode(false);
    };
  }

  /** Call it however the run ended: a shell left in raw mode is unusable. */
  restore(): void {
    this.#disconnect?.();
    this.#disconnect = undefined;
  }
}
