import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Level } from "bulkhead";
import { Service } from "bulkhead/services";
import type { Absent, Subject } from "../subject.js";
import { spawned } from "../subjects/spawned.js";
import { serverAt } from "./programs.js";

type Client = (path: string) => readonly string[];

export const BARE = "a Unix socket between two bare processes";

/** The same programs with nothing between them. */
export async function bare(client: Client): Promise<Subject> {
  const directory = await mkdtemp(join(tmpdir(), "bench-channel-"));
  const path = join(directory, "socket");
  const [program = "", ...argv] = serverAt(path);
  const server = spawn(program, argv, { stdio: "ignore" });
  while (!existsSync(path)) await sleep(10);
  return spawned(BARE, client(path), async () => {
    server.kill("SIGKILL");
    await rm(directory, { recursive: true });
  });
}

/** A service of two components; the client runs in the first. */
export async function channel(consumer: Level, provider: Level, client: Client): Promise<Subject | Absent> {
  const name = consumer === provider ? `between two of ${consumer}` : `${consumer} to ${provider}`;
  const common = { root: "host", resources: { cpus: 64, memory: "512MiB" } };
  const components = {
    front: { ...common, level: consumer, command: ["sleep", "infinity"], uses: { rpc: "back.rpc" } },
    back: {
      ...common,
      level: provider,
      command: serverAt("/tmp/rpc.sock"),
      provides: { rpc: { socket: "/tmp/rpc.sock" } },
    },
  };
  try {
    const service = await Service.parse(JSON.stringify({ name: "bench", components }), tmpdir());
    const running = await service.up();
    return {
      name,
      run: async () => {
        const process = await running.exec("front", client("/run/bulkhead/rpc.sock"), { buffer: true });
        const { exitCode, signal, stderr } = await process.result;
        if (exitCode !== 0) throw new Error(`${name} ended with ${exitCode ?? signal}: ${stderr}`);
      },
      [Symbol.asyncDispose]: () => running.down(),
    };
  } catch (error) {
    return { name, absent: error instanceof Error ? error.message : String(error) };
  }
}
