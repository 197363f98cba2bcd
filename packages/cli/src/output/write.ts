/** Writes and waits until it is out: `process.exit` would cut off what a pipe has not taken yet. */
export function print(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    stream.write(text, () => resolve());
  });
}

/** Ends the program once everything written is out. Does not wait for a stdin that somebody keeps open. */
export async function finish(exitCode: number): Promise<never> {
  await print(process.stdout, "");
  await print(process.stderr, "");
  process.exit(exitCode);
}
