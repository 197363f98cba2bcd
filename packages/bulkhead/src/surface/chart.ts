import type { SummaryRow, SurfaceSummary } from "./summary.js";

const WIDTH = 960;
const LABEL = 250;
const BAR = 14;
const GAP = 4;
const PAD = 20;
const COLOURS = ["#8a8f98", "#b58a3c", "#c2573f", "#7a5ea8", "#3f7fbf", "#2f9e8f", "#3f8f4f", "#555"] as const;

/** The comparison as an SVG picture: for each measure one bar per column, scaled within that measure. Pure. */
export function surfaceChart({ columns, rows }: SurfaceSummary): string {
  const shown = rows.filter(({ counts }) => counts.some((count) => count !== null));
  const height = columns.length * (BAR + 2) + 16;
  const top = PAD + 24 + 22 * Math.ceil(columns.length / 4);
  const parts = shown.map((row, index) => group(row, top + index * height));
  const total = top + shown.length * height + PAD;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${total}" viewBox="0 0 ${WIDTH} ${total}" font-family="sans-serif" font-size="12" role="img">`,
    "<title>What can be reached</title>",
    `<rect width="${WIDTH}" height="${total}" fill="#fff"/>`,
    `<text x="${PAD}" y="${PAD}" font-size="15" font-weight="bold" fill="#222">What can be reached: shorter is less</text>`,
    ...columns.map(legend),
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

function legend(name: string, index: number): string {
  const x = PAD + (index % 4) * 220;
  const y = PAD + 18 + Math.floor(index / 4) * 22;
  return `<rect x="${x}" y="${y}" width="12" height="12" fill="${colour(index)}"/><text x="${x + 18}" y="${y + 11}" fill="#222">${escaped(name)}</text>`;
}

function group({ what, why, counts }: SummaryRow, top: number): string {
  const most = Math.max(1, ...counts.map((count) => count ?? 0));
  const room = WIDTH - LABEL - 2 * PAD - 60;
  const bars = counts.map((count, index) => {
    const y = top + index * (BAR + 2);
    const text = count === null ? "not measured" : String(count);
    const width = Math.round(((count ?? 0) / most) * room);
    return `<rect x="${LABEL + PAD}" y="${y}" width="${width}" height="${BAR}" fill="${colour(index)}"/><text x="${LABEL + PAD + width + GAP}" y="${y + 11}" fill="#444" font-size="11">${text}</text>`;
  });
  return `<g><title>${escaped(why === "" ? what : `${what}: ${why}`)}</title><text x="${PAD}" y="${top + 12}" fill="#222">${escaped(what)}</text>${bars.join("")}</g>`;
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length] ?? "#555";
}

function escaped(text: string): string {
  const names: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (character) => names[character] ?? character);
}
