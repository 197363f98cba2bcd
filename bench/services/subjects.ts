import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Level } from "bulkhead";
import { type RunningService, Service } from "bulkhead/services";
import { serverAt } from "../channels/programs.js";
import type { Absent, Subject } from "../subject.js";

const COUNT = 10;
const NUMBERS = Array.from({ length: COUNT }, (_, index) => index);
/** Between two attempts to connect, as the supervisor waits at first. */
const PAUSE_MS = 2;

export const BARE = "ten bare programs, one after another";

/** Each is ready when its socket accepts; the next one starts then. */
export async function bareInTurn(): Promise<Subject> {
  const directory = await mkdtemp(join(tmpdir(), "bench-service-"));
  let running: ChildProcess[] = [];
  return {
    name: BARE,
    run: async () => {
      for (const number of NUMBERS) {
        const path = join(directory, String(number));
        const [program = "", ...argv] = serverAt(path);
        running.push(spawn(program, argv, { stdio: "ignore" }));
        while (!(await accepts(path))) await sleep(PAUSE_MS);
      }
    },
    after: async () => {
      const ended = running.map(async (child) => await once(child, "exit"));
      for (const child of running) child.kill("SIGKILL");
      await Promise.all(ended);
      running = [];
      for (const number of NUMBERS) await rm(join(directory, String(number)));
    },
    [Symbol.asyncDispose]: async () => await rm(directory, { recursive: true }),
  };
}

async function accepts(path: string): Promise<boolean> {
  const socket = createConnection(path);
  const [connected] = await Promise.race([
    once(socket, "connect").then(() => [true]),
    once(socket, "close").then(() => [false]),
  ]).catch(() => [false]);
  socket.destroy();
  return connected === true;
}

/** The same programs as components, until all are ready. */
export async function up(level: Level): Promise<Subject | Absent> {
  const name = `up of ten, ${level}`;
  const component = {
    root: "host",
    level,
    command: serverAt("/tmp/rpc.sock"),
    provides: { rpc: { socket: "/tmp/rpc.sock" } },
    stop: { signal: "SIGKILL" },
  };
  const components = Object.fromEntries(NUMBERS.map((number) => [`part-${number}`, component]));
  const service = await Service.parse(JSON.stringify({ name: "bench", components }), tmpdir());
  let running: RunningService | undefined;
  const down = async () => {
    await running?.down();
    running = undefined;
  };
  try {
    running = await service.up();
    await down();
  } catch (error) {
    return { name, absent: error instanceof Error ? error.message : String(error) };
  }
  return {
    name,
    run: async () => {
      running = await service.up();
    },
    after: down,
    [Symbol.asyncDispose]: down,
  };
}
