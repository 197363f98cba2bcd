import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { WARDEN_PATH } from "../support/programs.js";
import { ms, sleep } from "../support/time.js";

/** Killed at this point, a program leaves nobody who could tell its broker to end. */
test("a private broker whose owner died before it said hello ends by itself", async () => {
  const broker = spawn(WARDEN_PATH, ["broker", "--private"], { stdio: ["ignore", "ignore", "inherit", "pipe"] });
  const exited = once(broker, "exit").then(() => "ended");
  (broker.stdio[3] as Socket).destroy();
  const fate = await Promise.race([exited, sleep(ms(5000)).then(() => "still there")]);
  broker.kill("SIGKILL");
  expect(fate).toBe("ended");
});
