/** Styles for a terminal; without one every function returns its text unchanged. */
export interface Style {
  readonly strong: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly doubtful: (text: string) => string;
  readonly bad: (text: string) => string;
}

const ESCAPE = "\u001b[";

/** Colours only on a terminal, and never with NO_COLOR (https://no-color.org). */
export function styleFor(stream: { readonly isTTY?: boolean }, environment = process.env): Style {
  const colour = stream.isTTY === true && (environment["NO_COLOR"] ?? "") === "" && environment["TERM"] !== "dumb";
  const paint = (code: number) => (text: string) => (colour ? `${ESCAPE}${code}m${text}${ESCAPE}0m` : text);
  return { strong: paint(1), dim: paint(2), good: paint(32), doubtful: paint(33), bad: paint(31) };
}
