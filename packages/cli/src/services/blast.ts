import { BulkheadError, printableLine } from "bulkhead";
import { type Blast, Service } from "bulkhead/services";
import { styleFor } from "../output/style.js";
import { type Cell, table, widthOf } from "../output/table.js";
import { finish, jsonLine, print } from "../output/write.js";
import type { BlastFlags } from "./flags.js";

export async function showBlast(component: string | undefined, flags: BlastFlags): Promise<void> {
  const service = await Service.load(flags.file);
  const names = component === undefined ? service.spec.components.map(({ name }) => name) : [component];
  const blasts = names.map((name) => service.blast(name));
  const [first] = blasts;
  const all = { service: service.name, score: Math.max(...blasts.map(({ score }) => score)), components: blasts };
  if (flags.json === true) await print(process.stdout, jsonLine(component === undefined ? all : first));
  else if (component !== undefined && first !== undefined) await print(process.stdout, `${renderBlast(first)}\n`);
  else await print(process.stdout, `${renderScores(blasts)}\n`);
  await finish(0);
}

/** @throws BulkheadError SERVICE_BLAST, USAGE */
export function requireBlast(service: Service, most: string | undefined): void {
  if (most === undefined) return;
  if (!/^\d{1,9}$/.test(most)) throw new BulkheadError("USAGE", { detail: "--max-blast must be a whole number" });
  const above = service.spec.components
    .map(({ name }) => service.blast(name))
    .filter(({ score }) => score > Number(most));
  if (above.length === 0) return;
  const detail = above.map(({ component, score }) => `${component}: ${score}, more than ${most}`).join("\n");
  throw new BulkheadError("SERVICE_BLAST", { operation: "up", detail });
}

function renderScores(blasts: readonly Blast[]): string {
  const style = styleFor(process.stdout);
  const header = ["COMPONENT", "SCORE", "FILES", "SECRETS", "COMPONENTS", "NETWORK", "KERNEL"].map(
    (text): Cell => ({ text, paint: style.strong }),
  );
  const rows = blasts.map(({ component, score, points }): readonly Cell[] =>
    [component, score, points.files, points.secrets, points.components, points.network, points.kernel].map((cell) => ({
      text: String(cell),
    })),
  );
  return table([header, ...rows], widthOf(process.stdout));
}

/** With its file: a link in a directory from elsewhere may lead to any file of the user. */
function secretText(name: string, { secretFiles }: Blast): string {
  const file = secretFiles.find((one) => one.name === name);
  return file === undefined ? name : `${name} (${file.path})`;
}

function renderBlast(blast: Blast): string {
  const style = styleFor(process.stdout);
  const { kernel, points } = blast;
  const list = (items: readonly string[]) => (items.length === 0 ? "none" : items.map(printableLine).join(", "));
  const through = blast.components.map(
    ({ name, by, distance }) => `${name} by ${by}${distance === 1 ? "" : `, ${distance} steps away`}`,
  );
  const wall = kernel.shared ? "the host's kernel" : "a kernel of its own";
  const rows: readonly (readonly [what: string, points: number, said: string])[] = [
    ["reads", points.files, list([`the root (${blast.root})`, ...blast.reads.map(({ path }) => path)])],
    ["writes", 0, list(blast.writes.map(({ path }) => path))],
    ["secrets", points.secrets, list(blast.secrets.map((name) => secretText(name, blast)))],
    ["components", points.components, list(through)],
    ["answers to", 0, list(blast.answers)],
    ["network", points.network, list(blast.hosts)],
    [
      "kernel",
      points.kernel,
      `${wall} at level ${blast.level}, system calls ${kernel.syscalls}${kernel.capabilities.length === 0 ? "" : `, capabilities ${kernel.capabilities.join(", ")}`}`,
    ],
  ];
  const cells = rows.map(([what, number, said]): readonly Cell[] => [
    { text: what, paint: style.strong },
    { text: number === 0 ? "" : `+${number}` },
    { text: said },
  ]);
  return `An attacker who owns ${style.strong(blast.component)} reaches:\n${table(cells, widthOf(process.stdout))}\nScore ${style.strong(String(blast.score))}`;
}
