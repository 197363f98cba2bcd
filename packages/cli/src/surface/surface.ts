import { writeFile } from "node:fs/promises";
import { LEVELS, type Level, loadPolicy, printableLine } from "bulkhead";
import { levelAvailability, reportHost } from "bulkhead/host";
import {
  measurePeers,
  measureSurface,
  type PeerSurface,
  type Surface,
  type SurfaceSummary,
  summariseSurfaces,
  surfaceChart,
} from "bulkhead/verify";
import { defined } from "../defined.js";
import { type Style, styleFor } from "../output/style.js";
import { table, widthOf, wrap } from "../output/table.js";
import { finish, jsonLine, print } from "../output/write.js";
import type { SurfaceFlags } from "./flags.js";

/** Measures, and shows levels and peers side by side. */
export async function surface(flags: SurfaceFlags): Promise<void> {
  const options = defined({ broker: flags.broker });
  const policy = flags.policy === undefined ? {} : await loadPolicy(flags.policy);
  const surfaces: Surface[] = [];
  for (const level of await levelsOf(flags.level, options)) {
    surfaces.push(await measureSurface({ ...policy, level }, options));
  }
  const peers = flags.compare === true ? await measurePeers() : [];
  const summary = summariseSurfaces(surfaces, peers);
  if (flags.svg !== undefined) await writeFile(flags.svg, surfaceChart(summary));
  const text =
    flags.json === true
      ? jsonLine({ summary, levels: surfaces, peers })
      : `${render(summary, peers, surfaces, styleFor(process.stdout), widthOf(process.stdout))}\n`;
  await print(process.stdout, text);
  await finish(0);
}

async function levelsOf(wanted: string, options: { readonly broker?: string }): Promise<readonly Level[]> {
  if (wanted !== "all") return LEVELS.filter((each) => each === wanted);
  return levelAvailability(await reportHost({ ...options, tryLevels: true })).flatMap((each) =>
    each.available ? [each.level] : [],
  );
}

/** Numbers side by side; then what could not be measured. */
export function render(
  { columns, rows }: SurfaceSummary,
  peers: readonly PeerSurface[],
  surfaces: readonly Surface[],
  style: Style,
  width?: number,
): string {
  const head = [{ text: "" }, ...columns.map((text) => ({ text, paint: style.strong })), { text: "" }];
  const body = rows
    .filter(({ counts }) => counts.some((count) => count !== null))
    .map(({ what, counts, why }) => [
      { text: what },
      ...counts.map((count) => ({ text: count === null ? "-" : String(count) })),
      { text: why, paint: style.dim },
    ]);
  const absent = peers.flatMap(({ peer, why }) => (why === null ? [] : [printableLine(`${peer}: ${why}`)]));
  const blind = surfaces.some(({ host }) => host === null)
    ? ["The host kernel was not examined from outside: that needs root."]
    : [];
  const notes = [...absent, ...blind].flatMap((note) => wrap(note, width ?? Number.POSITIVE_INFINITY)).map(style.dim);
  return [table([head, ...body], width), ...(notes.length === 0 ? [] : ["", ...notes])].join("\n");
}
