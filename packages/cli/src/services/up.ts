import { resolve } from "node:path";
import { BulkheadError } from "bulkhead";
import { type Change, Service } from "bulkhead/services";
import { defined } from "../defined.js";
import { EXIT } from "../exit-codes.js";
import { imageOptions } from "../images/flags.js";
import { Interrupted } from "../interrupted.js";
import { styleFor } from "../output/style.js";
import { finish, jsonLine, print } from "../output/write.js";
import { requireBlast } from "./blast.js";
import { askOnce, dial } from "./control/client.js";
import { stateDirectory } from "./control/place.js";
import { startDetached, tellParent } from "./detached.js";
import { Display } from "./display.js";
import type { UpFlags } from "./flags.js";
import { requireHiddenHere } from "./notify-socket.js";
import { tellServiceManager } from "./service-manager.js";
import { Supervisor } from "./supervisor.js";

/** Exit code when every component has ended and one of them failed. */
const COMPONENT_FAILED = 1;

/** Starts a service, or changes the running one of its name. */
export async function bringUp(flags: UpFlags): Promise<void> {
  const service = await Service.load(flags.file);
  requireBlast(service, flags.maxBlast);
  requireHiddenHere(flags.broker, service.spec);
  const other = await dial(service.name);
  other?.destroy();
  if (other !== undefined) {
    // Another `up` was faster than this one's process in the background: what waits for it changes the running one.
    if (tellParent.isChild) return tellParent.failed(new BulkheadError("SERVICE_RUNNING", { operation: "up" }));
    return await changeRunning(service.name, flags);
  }
  if (flags.dryRun === true) return await showChanges(allStart(service), flags);
  if (flags.detach === true && !tellParent.isChild) {
    if (!(await startDetached(service.name, flags))) await changeRunning(service.name, flags);
    return;
  }
  await supervise(service, flags);
}

async function supervise(service: Service, flags: UpFlags): Promise<void> {
  const names = service.spec.components.map(({ name }) => name);
  const style = styleFor(process.stdout);
  const colour = style.strong("") !== "";
  const display = new Display(names, { json: flags.json === true, style, colour });
  const stop = new AbortController();
  const signalled = interruptions(stop);
  let supervisor: Supervisor | undefined;
  try {
    // Where there can be no logs, the command that waits for this process says so.
    const logs = tellParent.isChild ? stateDirectory(service.name) : undefined;
    supervisor = new Supervisor(service, {
      onEvent: async (event) => (tellParent.isChild ? undefined : await display.show(event)),
      signal: stop.signal,
      images: imageOptions(flags, () => undefined),
      ...defined({ broker: flags.broker, logs }),
    });
    const running = await supervisor.start();
    tellParent.ready(running.status());
    if (!tellParent.isChild) await tellServiceManager("READY=1", `STATUS=${names.length} components are ready`);
    if (stop.signal.aborted) await running.down();
    stop.signal.addEventListener("abort", () => void running.down());
    await running.ended;
    await supervisor.close();
    const failed = running.status().some(({ state }) => state === "failed");
    await finish(failed && !stop.signal.aborted ? COMPONENT_FAILED : 0);
  } catch (error) {
    tellParent.failed(error);
    await supervisor?.close();
    const signal = signalled();
    throw signal === undefined ? error : new Interrupted(signal, error);
  }
}

/** The first signal stops the service in order; the second ends this process, and with it every sandbox. */
function interruptions(stop: AbortController): () => NodeJS.Signals | undefined {
  let received: NodeJS.Signals | undefined;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (received !== undefined) process.exit(EXIT.bulkhead);
      received = signal;
      stop.abort();
    });
  }
  return () => received;
}

async function changeRunning(name: string, flags: UpFlags): Promise<void> {
  if (flags.dryRun !== true && flags.detach !== true) {
    await print(process.stderr, `bulkhead: ${name} runs already; changing it to ${flags.file}\n`);
  }
  const wanted = defined({ maxBlast: flags.maxBlast });
  const request = { op: "change", file: resolve(flags.file), dryRun: flags.dryRun === true, ...wanted } as const;
  const { changes } = await askOnce(name, request);
  await showChanges(changes as readonly Change[], flags);
}

function allStart(service: Service): readonly Change[] {
  return service.spec.components.map(({ name }) => ({
    component: name,
    action: "start",
    why: ["the service does not run"],
  }));
}

async function showChanges(changes: readonly Change[], flags: UpFlags): Promise<void> {
  const lines = changes.map(
    ({ component, action, why }) =>
      `${action.padEnd(7)} ${component}${why.length === 0 ? "" : `: ${why.join(", ")}`}\n`,
  );
  await print(process.stdout, flags.json === true ? jsonLine({ changes }) : lines.join(""));
  await finish(0);
}
