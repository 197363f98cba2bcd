/** Lets one waiter at a time sleep until another part of the program has news for it. */
export class WakeUp {
  #resolve: (() => void) | undefined;

  /** Resolves at the next `wake`. */
  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Ends the current wait, if there is one; later waits last until the next call. */
  wake(): void {
    this.#resolve?.();
    this.#resolve = undefined;
  }
}
