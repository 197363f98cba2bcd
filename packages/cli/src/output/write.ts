/** Writes and waits until it is out: `process.exit` would cut off what a pipe has not taken yet. */
export function print(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    stream.write(text, () => resolve());
  });
}

/**
 * `value` in one line of JSON that is fit for a terminal too: JSON escapes only the control characters below 0x20, and some
 * terminals act on those from 0x7f to 0x9f as well, or write backwards. What a program reads from it is the same.
 */
export function jsonLine(value: unknown): string {
  const hex = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return `${JSON.stringify(value).replace(/[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, hex)}\n`;
}

/** Ends the program once everything written is out. Does not wait for a stdin that somebody keeps open. */
export async function finish(exitCode: number): Promise<never> {
  await print(process.stdout, "");
  await print(process.stderr, "");
  process.exit(exitCode);
}
