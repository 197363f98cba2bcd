import { ROLES } from "../../packages/bulkhead/src/trace/phases.js";
import type { TraceEvent } from "../../packages/bulkhead/src/trace/write.js";

/** Pixels. */
const WIDTH = 900;
const LABEL = 290;
const ROW = 20;
const TOP = 40;
const ROOM = WIDTH - LABEL - 90;
const COLOURS = ["#2f6f9f", "#7b5ea7", "#c0392b", "#d68910", "#2e8b57", "#555e66"];

/** An SVG with a row for each phase of one launch, in order, at its place in time. */
export function drawLaunch(events: readonly TraceEvent[]): string {
  const phases = events.filter(({ cat }) => cat === "launch");
  const start = Math.min(...phases.map(({ ts = 0 }) => ts));
  const whole = Math.max(...phases.map(({ ts = 0, dur = 0 }) => ts + dur)) - start;
  const x = (us: number) => Math.round((LABEL + (us / whole) * ROOM) * 10) / 10;
  const rows = phases.map(({ name, ts = 0, dur = 0, tid }, index) => {
    const y = TOP + index * ROW;
    const [from, to] = [x(ts - start), x(ts - start + dur)];
    const role = ROLES[tid - 1] ?? "library";
    return [
      `<text x="${LABEL - 10}" y="${y + 13}" text-anchor="end">${escaped(name)}</text>`,
      `<rect x="${from}" y="${y + 2}" width="${Math.max(1, to - from).toFixed(1)}" height="${ROW - 5}" fill="${COLOURS[ROLES.indexOf(role)]}"/>`,
      `<text x="${to + 6}" y="${y + 13}" fill="#555">${(dur / 1000).toFixed(2)} ms</text>`,
    ].join("\n");
  });
  const height = TOP + phases.length * ROW + 34;
  const legend = ROLES.map(
    (role, index) =>
      `<rect x="${LABEL + index * 90}" y="${height - 22}" width="12" height="12" fill="${COLOURS[index]}"/>` +
      `<text x="${LABEL + index * 90 + 17}" y="${height - 12}">${role}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" font-family="sans-serif" font-size="12">`,
    "<title>The phases of one launch at level container, in time</title>",
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="10" y="22" font-size="15" font-weight="bold">The shortest of 200 runs of true at level container: ${(whole / 1000).toFixed(1)} ms</text>`,
    ...rows,
    ...legend,
    "</svg>\n",
  ].join("\n");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
