import { printableLine } from "../../errors/describe.js";

const SHOWN = 64;
const MOST_NOTES = 8;

/** One note for each of the first few, and one with the number of the others: an image may have thousands. */
export function shortened(items: readonly string[], noteOn: (item: string) => string): readonly string[] {
  const more = items.length - MOST_NOTES;
  const notes = items.slice(0, MOST_NOTES).map(noteOn);
  return more > 0 ? [...notes, `${more} more like the last`] : notes;
}

/** An image's string in printable form: it may contain anything, and be as long as a document. */
export function quoted(text: string): string {
  const cut = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  return printableLine(JSON.stringify(cut));
}
