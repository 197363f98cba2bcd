import { spawn } from "node:child_process";
import { BulkheadError } from "bulkhead";
import type { ComponentStatus } from "bulkhead/services";
import { finish, jsonLine, print } from "../output/write.js";
import { errorFrom } from "./control/client.js";
import { parseObject } from "./control/messages.js";
import type { UpFlags } from "./flags.js";

/** Set for the process that stays in the background; its parent waits on the channel between them. */
const MARK = "BULKHEAD_SUPERVISOR";

/** How the process in the background reports to the command that started it. */
export const tellParent = {
  isChild: process.env[MARK] === "1" && process.send !== undefined,
  ready(components: readonly ComponentStatus[]): void {
    send({ ready: components });
  },
  failed(error: unknown): void {
    send({ error: error instanceof BulkheadError ? error.toJSON() : { code: "UNEXPECTED", detail: String(error) } });
  },
};

function send(message: object): void {
  if (!tellParent.isChild) return;
  process.send?.(JSON.stringify(message));
  // From now on nothing ties it to the command.
  if (process.connected) process.disconnect();
}

/**
 * Starts the supervisor of a service in the background, and waits until its components are ready. False: the service
 * runs already.
 */
export async function startDetached(name: string, flags: UpFlags): Promise<boolean> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    // The current directory stays, because relative paths in flags are relative to it.
    env: { ...process.env, [MARK]: "1" },
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const message = await new Promise<Readonly<Record<string, unknown>>>((resolve, reject) => {
    child.once("message", (text) => resolve(parseObject(String(text))));
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      const detail = `its supervisor ended with ${code ?? signal}`;
      reject(new BulkheadError("SERVICE_ENDED", { operation: "up", detail }));
    });
  });
  if (message["error"] !== undefined) {
    const error = errorFrom(message["error"]);
    if (error.code === "SERVICE_RUNNING") return false;
    throw error;
  }
  child.unref();
  if (flags.json === true)
    await print(process.stdout, jsonLine({ name, pid: child.pid, components: message["ready"] }));
  else await print(process.stdout, `${name} runs, process ${child.pid}\n`);
  await finish(0);
  return true;
}
