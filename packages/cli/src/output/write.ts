/**
 * Writes and waits until the data is out: `process.exit` would cut off what a pipe has not taken yet. Rejects if the
 * write fails (a full disk), but not if the reader of a pipe is gone: that is how `head` says that it has enough.
 */
export function print(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => {
      if (error === null || error === undefined || ("code" in error && error.code === "EPIPE")) resolve();
      else reject(error);
    });
  });
}

/** Settles with the failure of each text that commander wrote: its `writeOut` returns nothing. */
let requested: Promise<unknown> = Promise.resolve();

/** Writes a text that was asked for, such as help. */
export function writeRequested(text: string): void {
  const failure = print(process.stdout, text).then(
    () => undefined,
    (error: unknown) => error,
  );
  requested = Promise.all([requested, failure]).then(([first, second]) => first ?? second);
}

/** Why a text that was asked for did not get out; undefined if it did. */
export async function requestedFailure(): Promise<unknown> {
  return await requested;
}

/**
 * `value` in one line of JSON (with `indent` in several), safe for a terminal: JSON escapes only the control characters
 * below 0x20, and some terminals also act on those from 0x7f to 0x9f, or on text direction. Its meaning to a program is
 * unchanged.
 */
export function jsonLine(value: unknown, indent?: number): string {
  const hex = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return `${JSON.stringify(value, rounded, indent).replace(/[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, hex)}\n`;
}

/** Times are measured in nanoseconds and divided: only three digits after the point are significant. */
function rounded(_: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Math.round(value * 1000) / 1000 : value;
}

/** Ends the program once all output is written. Does not wait for a stdin that another process keeps open. */
export async function finish(exitCode: number): Promise<never> {
  await Promise.allSettled([print(process.stdout, ""), print(process.stderr, "")]);
  process.exit(exitCode);
}
