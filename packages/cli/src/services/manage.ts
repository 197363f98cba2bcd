import { BulkheadError, printableLine } from "bulkhead";
import { type ComponentStatus, isServiceName, Service } from "bulkhead/services";
import { ageOf } from "../live/ps.js";
import { styleFor } from "../output/style.js";
import { type Cell, table, widthOf } from "../output/table.js";
import { finish, jsonLine, print } from "../output/write.js";
import { askOnce } from "./control/client.js";
import { toneOf } from "./display.js";
import type { ServiceFlags } from "./flags.js";

/** The service that flags name: by its name, or by its file. @throws BulkheadError USAGE, SERVICE_INVALID */
export async function nameOf({ name, file }: ServiceFlags): Promise<string> {
  if (name === undefined) return (await Service.load(file)).name;
  if (isServiceName(name)) return name;
  throw new BulkheadError("USAGE", { operation: "--name", detail: `no service has the name ${printableLine(name)}` });
}

export async function takeDown(flags: ServiceFlags): Promise<void> {
  const answer = await askOnce(await nameOf(flags), { op: "down" });
  await print(process.stdout, flags.json === true ? jsonLine(answer) : `${String(answer["down"])} is down\n`);
  await finish(0);
}

export async function showComponents(flags: ServiceFlags): Promise<void> {
  const answer = await askOnce(await nameOf(flags), { op: "status" });
  const components = answer["components"] as readonly ComponentStatus[];
  await print(process.stdout, flags.json === true ? jsonLine(answer) : `${renderComponents(components)}\n`);
  await finish(0);
}

export async function manageComponent(
  op: "start" | "stop" | "restart",
  component: string,
  flags: ServiceFlags,
): Promise<void> {
  const answer = await askOnce(await nameOf(flags), { op, component });
  if (flags.json === true) await print(process.stdout, jsonLine(answer));
  await finish(0);
}

function renderComponents(components: readonly ComponentStatus[]): string {
  const style = styleFor(process.stdout);
  const header = ["NAME", "LEVEL", "STATE", "FOR", "RESTARTS", "SANDBOX", "REASON"].map(
    (text): Cell => ({ text, paint: style.strong }),
  );
  const rows = components.map(({ name, level, state, since, restarts, sandbox, reason, said }): readonly Cell[] => [
    { text: name },
    { text: level },
    { text: state, paint: style[toneOf(state)] },
    { text: ageOf(Math.max(0, Date.now() - new Date(since).getTime())) },
    { text: String(restarts) },
    { text: sandbox ?? "-" },
    { text: printableLine(reason ?? said ?? "") },
  ]);
  return table([header, ...rows], widthOf(process.stdout));
}
