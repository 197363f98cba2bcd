import type { RunControl } from "bulkhead";

/** Forwarded to the workload. SIGKILL and SIGSTOP cannot be; SIGKILL of this process ends the sandbox anyway. */
const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const;

/** A workload may ignore signals; a user who presses Ctrl-C this often wants out. */
const PATIENCE = 3;

/** Signals to this process while a workload runs. */
export class Signals {
  readonly #controller = new AbortController();
  #control: Pick<RunControl, "kill"> | undefined;
  #interrupts = 0;
  #aborted: string | undefined;

  constructor(source: Pick<NodeJS.Process, "on"> = process) {
    for (const signal of FORWARDED) source.on(signal, () => this.#receive(signal));
  }

  get abortSignal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The signal that made it end the run itself. */
  get aborted(): string | undefined {
    return this.#aborted;
  }

  /** Ends the run for a signal that cannot be forwarded to the workload. */
  end(signal: string): void {
    this.#aborted ??= signal;
    this.#controller.abort();
  }

  /** From now on signals go to the workload; until then they end the run. */
  forwardTo(control: Pick<RunControl, "kill">): void {
    this.#control = control;
  }

  #receive(signal: string): void {
    if (signal === "SIGINT") this.#interrupts += 1;
    if (this.#control !== undefined && this.#interrupts < PATIENCE) {
      this.#control.kill(signal);
      return;
    }
    this.end(signal);
  }
}
