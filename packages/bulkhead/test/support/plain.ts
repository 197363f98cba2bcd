import { spawn } from "node:child_process";
import type { Socket } from "node:net";
import type { Ended, Stats } from "../../src/broker/messages.js";
import type { Running } from "../../src/levels/driver.js";
import { examplePath } from "./examples.js";

const NO_STATS: Stats = {
  memoryBytes: null,
  memoryPeakBytes: null,
  cpuUs: null,
  pids: null,
  oomKills: null,
  pidsExceeded: null,
  diskFull: null,
};

/**
 * Init's example program `plain`: the real init as an ordinary process, with no wall around it. Undefined if it is not
 * built.
 */
export const plainPath: string | undefined = examplePath("plain");

/** A sandbox without walls: what the library does with init can be tested where nothing can be contained. */
export function runPlain(path: string): Running {
  const child = spawn(path, ["--channel", "3"], { stdio: ["ignore", "ignore", "inherit", "pipe"], env: {} });
  const transport = child.stdio[3] as Socket;
  const ended = new Promise<Ended>((resolve) => {
    child.on("exit", () => {
      transport.destroy();
      resolve({ cause: "exited", stats: NO_STATS, error: undefined, marks: [] });
    });
  });
  const unavailable = () => Promise.reject(new Error("there is no broker"));
  return {
    id: "plain",
    transport,
    launched: new Promise(() => undefined),
    ended,
    kill: () => child.kill("SIGKILL"),
    release: () => transport.destroy(),
    stats: unavailable,
    evidence: unavailable,
    pause: unavailable,
    resume: unavailable,
  };
}
