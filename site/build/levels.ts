import { WEAK_POINTS } from "../../packages/bulkhead/src/enforcement/weak-points.js";
import { LEVELS, type Level } from "../../packages/bulkhead/src/policy/level.js";
import type { MeasuredSurface } from "../../scripts/docs/surface-tables.js";
import { escaped } from "./markdown.js";

/** The measures that the front page compares, by the names that `bulkhead surface` gives them. */
const REACH = "host kernel: reach";
const OWN = "host kernel: calls of the workload";

const KERNEL: Readonly<Record<Level, string>> = {
  chroot: "the host's",
  container: "the host's",
  gvisor: "in user space",
  microvm: "a guest's",
};

/** The levels side by side, as a table with bars. Pure. */
export function levelsTable(measured: MeasuredSurface): string {
  const most = Math.max(...LEVELS.map((level) => countOf(measured, REACH, level)));
  const rows = LEVELS.map((level) => {
    const cells = [REACH, OWN].map((what) => {
      const count = countOf(measured, what, level);
      return `<td>${bar(count / most)}<span>${count}</span></td>`;
    });
    const kernel = `<td>${KERNEL[level]}</td>`;
    return `<tr><th scope="row"><code>${level}</code></th>${kernel}${cells.join("")}<td>${weakPoint(level)}</td></tr>`;
  });
  const heads = ["Level", "Kernel", "Host kernel at worst", "By the workload", "What it does not stop"];
  return [
    '<div class="levels"><table tabindex="0">',
    "<caption>Fewer is better. Host kernel: the system calls and shared namespaces that everything in the sandbox, or in",
    "the jail around its wall, can reach at worst; then the calls that the workload itself can make. Measured by",
    `<code>bulkhead surface</code> on Linux ${escaped(measured.machine.kernel)}, ${escaped(measured.machine.date)}.</caption>`,
    `<thead><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join("")}</tr></thead>`,
    `<tbody>${rows.join("\n")}</tbody>`,
    "</table></div>",
  ].join("\n");
}

function countOf({ columns, rows }: MeasuredSurface, what: string, level: Level): number {
  const count = rows.find((row) => row.what === what)?.counts[columns.indexOf(level)];
  if (typeof count !== "number") throw new Error(`docs/surface.json has no "${what}" of ${level}`);
  return count;
}

function bar(share: number): string {
  const width = Math.round(share * 100);
  return `<svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="room" width="100" height="8"/><rect class="bar" width="${width}" height="8"/></svg>`;
}

/** The first sentence; the rest is on the page of the guide. */
function weakPoint(level: Level): string {
  return escaped(WEAK_POINTS[level].split(/(?<=\.) /, 1)[0] ?? "");
}
