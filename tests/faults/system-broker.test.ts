import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { Sandbox } from "bulkhead";
import { expect, test } from "vitest";
import { isAlive } from "../support/host.js";
import { exceptAt } from "../support/levels.js";
import { WARDEN_PATH } from "../support/programs.js";
import { SystemBroker } from "../support/system-broker.js";
import { eventually } from "../support/time.js";

await exceptAt({ microvm: "machines have faults of their own, and emulated ones take minutes for these" })((level) => {
  test.each(["SIGTERM", "SIGKILL"] as const)(
    "a system broker ended by %s takes its sandboxes with it",
    async (signal) => {
      await using broker = await SystemBroker.start();
      const sandbox = await Sandbox.create({ level }, { broker: broker.socket });
      const waiting = sandbox.run(["sleep", "1000"]);
      const { init } = await sandbox.evidence();
      const lost = expect(waiting).rejects.toHaveProperty("code");
      await broker.kill(signal);
      await lost;
      await eventually("init is gone", 1000, () => !isAlive(init.pid));
      if (signal === "SIGTERM") expect(existsSync(broker.socket)).toBe(false);
    },
  );

  test("the socket of a dead broker is not in the way of the next", async () => {
    await using broker = await SystemBroker.start();
    await broker.kill("SIGKILL");
    expect(existsSync(broker.socket), "left behind, as kill -9 does").toBe(true);
    await using next = await SystemBroker.start([], broker.socket);
    await using sandbox = await Sandbox.create({ level }, { broker: next.socket });
    expect((await sandbox.run(["true"])).exitCode).toBe(0);
  });

  test("the socket of a living broker is not taken over", async () => {
    await using broker = await SystemBroker.start();
    const second = spawnSync(WARDEN_PATH, ["broker", "--socket", broker.socket], { timeout: 5000 });
    expect(second.status).not.toBe(0);
    await using sandbox = await Sandbox.create({ level }, { broker: broker.socket });
    expect((await sandbox.run(["true"])).exitCode).toBe(0);
  });
});
