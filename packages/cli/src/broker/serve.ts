import { spawn } from "node:child_process";
import { BulkheadError } from "bulkhead";
import { type SystemBrokerOptions, systemBrokerCommand } from "bulkhead/host";
import { parseSize } from "bulkhead/policy";
import { defined } from "../defined.js";
import { EXIT, exitCodeOfSignal } from "../exit-codes.js";
import { finish } from "../output/write.js";
import type { BrokerFlags } from "./flags.js";

/** Runs the warden in this terminal, or under this service manager, until a signal ends it. */
export async function serve({ allowUid, allowGid, maxMemory, ...flags }: BrokerFlags): Promise<void> {
  const options: SystemBrokerOptions = {
    ...flags,
    ...defined({ allowUids: allowUid, allowGids: allowGid }),
    ...(maxMemory === undefined ? {} : { maxMemoryBytes: sizeOf(maxMemory) }),
  };
  const { file, args } = systemBrokerCommand(options);
  // The broker needs nothing of this environment.
  const broker = spawn(file, args, { stdio: "inherit", env: {} });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => broker.kill("SIGTERM"));
  }
  const code = await new Promise<number>((resolve) => {
    broker.on("error", () => resolve(EXIT.bulkhead));
    broker.on("exit", (exitCode, signal) =>
      resolve(signal === null ? (exitCode ?? EXIT.bulkhead) : exitCodeOfSignal(signal)),
    );
  });
  await finish(code);
}

function sizeOf(text: string): number {
  const bytes = parseSize(text);
  if (bytes === undefined) throw new BulkheadError("USAGE", { operation: "--max-memory", detail: text });
  return bytes;
}
