/** What the tool itself has to say goes to stderr, so that a command's stdout stays the command's. */
export function say(text: string): void {
  process.stderr.write(`hosts: ${text}\n`);
}
