import { Sandbox } from "bulkhead";
import { expect, test } from "vitest";
import { frontsOf } from "../support/fronts.js";
import { isAlive, parentOf } from "../support/host.js";
import { exceptAt } from "../support/levels.js";
import { eventually, sleep } from "../support/time.js";
import { Subject } from "./support/subject.js";

/** The one process that speaks to the owner of a private broker. */
function frontOf(broker: number): number {
  const [front] = frontsOf(broker, process.getuid?.() ?? 0)[0] ?? [];
  if (front === undefined) throw new Error(`no front of ${broker}`);
  return front;
}

await exceptAt({ microvm: "machines have faults of their own, and emulated ones take minutes for these" })((level) => {
  /** A broker starts by removing what dead ones left. */
  async function nextStart(): Promise<void> {
    await using sandbox = await Sandbox.create({ level });
    expect((await sandbox.run(["true"])).exitCode).toBe(0);
    // This file's own broker was started before the other died: end it, so that the next one really starts.
    const broker = parentOf((await sandbox.evidence()).init.pid) ?? 0;
    process.kill(broker, "SIGKILL");
    await sandbox.ended.catch(() => undefined);
    await using fresh = await Sandbox.create({ level });
    expect((await fresh.run(["true"])).exitCode).toBe(0);
  }

  test.each(["idle", "flood", "churn"] as const)(
    "the library's process, killed while %s [death ends the sandbox]",
    async (mode) => {
      await using subject = await Subject.start(level, mode);
      await subject.reaches(mode === "flood" ? "flooding" : "made");
      if (mode === "flood") await subject.reaches("made");
      await sleep(100);
      subject.note();
      process.kill(subject.pid, "SIGKILL");
      await subject.assertNothingLeft();
    },
  );

  test.each([0, 20, 40, 60, 80, 100, 130, 160, 200, 300])(
    "the library's process, killed %i ms into making sandboxes",
    async (delay) => {
      await using subject = await Subject.start(level, "churn");
      await subject.reaches("started");
      await sleep(delay);
      subject.note();
      process.kill(subject.pid, "SIGKILL");
      await subject.assertNothingLeft();
    },
  );

  test.each(["idle", "flood", "churn"] as const)(
    "the broker, killed while %s [death ends the sandbox]",
    async (mode) => {
      await using subject = await Subject.start(level, mode);
      await subject.reaches("made");
      await sleep(100);
      process.kill(subject.broker, "SIGKILL");
      await subject.assertInsideGone();
      subject.end();
      await nextStart();
      await subject.assertNothingLeft();
    },
  );

  test("broker and library at once [death ends the sandbox]", async () => {
    await using subject = await Subject.start(level, "flood");
    await subject.reaches("made");
    process.kill(subject.broker, "SIGKILL");
    process.kill(subject.pid, "SIGKILL");
    await subject.assertInsideGone();
    await nextStart();
    await subject.assertNothingLeft();
  });

  test.each(["idle", "flood", "churn"] as const)(
    "the broker's front, killed while %s [death ends the sandbox]",
    async (mode) => {
      await using subject = await Subject.start(level, mode);
      await subject.reaches("made");
      await sleep(100);
      process.kill(frontOf(subject.broker), "SIGKILL");
      await subject.assertInsideGone();
      // A private broker has one front, and ends with it.
      await eventually("the broker is gone", 2000, () => !isAlive(subject.broker));
      subject.end();
      await subject.assertNothingLeft();
    },
  );

  test("every init, while its sandbox is busy [death ends the sandbox]", async () => {
    await using subject = await Subject.start(level, "flood");
    await subject.reaches("made");
    for (const init of subject.inits) process.kill(init, "SIGKILL");
    await subject.assertInsideGone();
    subject.end();
    await subject.assertNothingLeft();
  });

  test("a library that is stopped, not dead, keeps its sandboxes; when it dies they go [death ends the sandbox]", async () => {
    await using subject = await Subject.start(level, "idle");
    await subject.reaches("made");
    process.kill(subject.pid, "SIGSTOP");
    await sleep(300);
    expect(subject.inits.every(isAlive)).toBe(true);
    process.kill(subject.pid, "SIGKILL");
    await subject.assertNothingLeft();
  });

  test.each([
    ["broker", (broker: number) => broker],
    ["front", frontOf],
  ] as const)(
    "the %s dies under this process: what was under way fails by code, and the next sandbox is made",
    async (_, victim) => {
      const sandbox = await Sandbox.create({ level });
      const waiting = sandbox.run(["sleep", "1000"]);
      const { init } = await sandbox.evidence();
      const lost = expect(waiting).rejects.toMatchObject({
        code: expect.stringMatching(/^(BROKER_LOST|SANDBOX_LOST)$/),
      });
      process.kill(victim(parentOf(init.pid) ?? 0), "SIGKILL");
      await lost;
      await eventually("init is gone", 1000, () => !isAlive(init.pid));
      await sandbox.kill();
      await using next = await Sandbox.create({ level });
      expect((await next.run(["true"])).exitCode).toBe(0);
    },
  );
});
