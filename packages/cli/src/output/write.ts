/**
 * Writes and waits until it is out: `process.exit` would cut off what a pipe has not taken yet. Rejects when it cannot be written (a full
 * disk), but not when the reader of a pipe has gone away: that is how `head` says that it has enough.
 */
export function print(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => {
      if (error === null || error === undefined || ("code" in error && error.code === "EPIPE")) resolve();
      else reject(error);
    });
  });
}

/**
 * `value` in one line of JSON (with `indent` in several) that is fit for a terminal too: JSON escapes only the control characters below 0x20, and some
 * terminals act on those from 0x7f to 0x9f as well, or write backwards. What a program reads from it is the same.
 */
export function jsonLine(value: unknown, indent?: number): string {
  const hex = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return `${JSON.stringify(value, rounded, indent).replace(/[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, hex)}\n`;
}

/** Times are measured in nanoseconds and divided: of what that gives, three digits after the point mean something. */
function rounded(_: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Math.round(value * 1000) / 1000 : value;
}

/** Ends the program once everything written is out. Does not wait for a stdin that somebody keeps open. */
export async function finish(exitCode: number): Promise<never> {
  await Promise.allSettled([print(process.stdout, ""), print(process.stderr, "")]);
  process.exit(exitCode);
}
