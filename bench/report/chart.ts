import type { Measured } from "../measure.js";

const WIDTH = 760;
const LABEL = 230;
const ROW = 30;
const TOP = 44;
const ROOM = WIDTH - LABEL - 130;

/** A bar for each median, and a line from there to the 95th percentile. Times start at 0. */
export function chart(title: string, measured: readonly Measured[]): string {
  const longest = Math.max(...measured.map(({ summary }) => summary.p95Ms));
  const x = (ms: number) => round(LABEL + (Math.min(ms, longest) / longest) * ROOM);
  const bars = measured.map(({ name, summary, cpuMs }, index) => {
    const y = TOP + index * ROW;
    const middle = y + ROW / 2 - 3;
    const own = name.startsWith("bulkhead") || name.startsWith("pool") || name.startsWith("./bulkhead");
    return [
      `<text x="${LABEL - 10}" y="${middle + 4}" text-anchor="end">${escaped(name)}</text>`,
      `<rect x="${LABEL}" y="${y}" width="${round(x(summary.medianMs) - LABEL)}" height="${ROW - 8}" rx="2" fill="${own ? "#2f6f9f" : "#9aa5ad"}"/>`,
      `<path d="M${x(summary.medianMs)} ${middle}H${x(summary.p95Ms)}m0 -5v10" stroke="#c0392b" fill="none"/>`,
      `<text x="${x(summary.p95Ms) + 8}" y="${middle + 4}">${summary.medianMs.toFixed(1)} ms, CPU ${cpuMs.toFixed(1)}</text>`,
    ].join("\n");
  });
  const height = TOP + measured.length * ROW + 26;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="10" y="22" font-size="15" font-weight="bold">${escaped(title)}</text>`,
    ...bars,
    `<text x="${LABEL}" y="${height - 10}" fill="#555">bar: median; line: to the 95th percentile; CPU: mean of all processes, ms</text>`,
    "</svg>\n",
  ].join("\n");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
