/** A command and the lines that it printed. */
export interface Screen {
  readonly command: string;
  readonly lines: readonly string[];
}

const COLUMNS = 108;
/** Pixels. */
const LINE = 19;
const CHARACTER = 7.83;
const MARGIN = 16;

/**
 * An SVG of a terminal. Each line printed is one `<text class="printed">`; what does not fit goes on in
 * `<text class="rest">`.
 */
export function drawTerminal(screens: readonly Screen[]): string {
  const rows = screens.flatMap(({ command, lines }, index) => [
    ...(index === 0 ? [] : [{ kind: "rest", text: "" }]),
    { kind: "command", text: `$ ${command}` },
    ...lines.flatMap(wrap),
  ]);
  const width = Math.round(COLUMNS * CHARACTER) + 2 * MARGIN;
  const height = rows.length * LINE + 2 * MARGIN;
  const texts = rows.map(
    ({ kind, text }, row) =>
      `  <text class="${kind}" x="${MARGIN}" y="${MARGIN + 14 + row * LINE}">${highlight(escaped(text))}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title">
  <title id="title">A terminal: ${escaped(screens.map(({ command }) => command).join(" · "))}</title>
  <style>
    text { font: 13px ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #d5dae3; white-space: pre }
    .command { fill: #ffffff; font-weight: 600 }
    .enforced { fill: #7ddf9a }
    .cannot { fill: #ffb86b }
    .code { fill: #ff8f8f }
  </style>
  <rect width="${width}" height="${height}" rx="8" fill="#171b22"/>
${texts.join("\n")}
</svg>
`;
}

/** At spaces, which is easier to read than where a terminal breaks lines. */
function wrap(line: string): readonly { readonly kind: string; readonly text: string }[] {
  const pieces = line.match(new RegExp(`.{1,${COLUMNS}}(?: |$)`, "g")) ?? [line];
  return pieces.map((text, index) => ({ kind: index === 0 ? "printed" : "rest", text: text.trimEnd() }));
}

function highlight(text: string): string {
  return text
    .replace(/^(\S+ {2,})(enforced|cannot) /, '$1<tspan class="$2">$2</tspan> ')
    .replace(/^(bulkhead: )([A-Z_]+)/, '$1<tspan class="code">$2</tspan>');
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
