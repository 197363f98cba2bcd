import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Broker } from "../../src/broker/broker.js";
import type { Plan } from "../../src/plan/schema.js";
import { EVIDENCE, FakeBroker, STATS } from "../support/fake-broker.js";

// Only the id and the payload matter to the client: a plan is the broker's to check.
const payload = { kind: "init", egress: false, bridge: false } as const;
const plan = { version: 1, id: "s0123456789abcdef", payload } as unknown as Plan;
const { id } = plan;

describe("Broker", () => {
  let fake: FakeBroker;

  beforeEach(() => {
    fake = new FakeBroker();
  });

  afterEach(() => fake.close());

  async function launched() {
    const broker = await Broker.connect(fake.path);
    const launch = broker.launch(plan);
    await fake.until(() => fake.launches.length === 1);
    return { broker, launch };
  }

  it("says hello and shares one connection", async () => {
    const [one, two] = await Promise.all([Broker.connect(fake.path), Broker.connect(fake.path)]);
    expect(one).toBe(two);
    expect(one.limits.pids).toBe(10);
    expect(one.facts.kernel).toBe((fake.hello["facts"] as { kernel: string }).kernel);
  });

  it.each([
    ["another generation", { generation: 2 }],
    ["no session", { session: "x" }],
    ["a socket that is no path", { socket: "relative" }],
    ["facts that it does not know", { facts: {} }],
  ])("refuses a broker with %s", async (_, change) => {
    fake.hello = { ...fake.hello, ...change };
    await expect(Broker.connect(fake.path)).rejects.toMatchObject({
      code: "BROKER_INCOMPATIBLE",
      detail: expect.stringMatching(/^hello\..*, from broker 0\.1\.0$/),
    });
  });

  it("says when there is none, and tries again the next time", async () => {
    await expect(Broker.connect(`${fake.path}-not`)).rejects.toMatchObject({ code: "BROKER_UNAVAILABLE" });
    const broker = await Broker.connect(fake.path);
    broker.close();
    expect(await Broker.connect(fake.path)).not.toBe(broker);
  });

  it("tells when a sandbox runs and when it is gone", async () => {
    const { launch } = await launched();
    fake.tell({ type: "launched", id, pid: 7, evidence: EVIDENCE, marks: [1] });
    expect(await launch.launched).toMatchObject({ pid: 7, evidence: { cgroup: { version: 2 } } });
    fake.tell({ type: "ended", id, cause: "exited", stats: STATS, marks: [2, 3] });
    expect(await launch.ended).toEqual({ cause: "exited", stats: STATS, error: undefined, marks: [2, 3] });
    expect(launch.over).toBe(true);
  });

  it("gives the broker's reasons", async () => {
    const { launch } = await launched();
    fake.tell({ type: "refused", id, error: { code: "LIMIT_ABOVE_MAXIMUM", operation: "admit", detail: "pids" } });
    await expect(launch.launched).rejects.toMatchObject({ code: "LIMIT_ABOVE_MAXIMUM", detail: "pids" });
    await expect(launch.ended).rejects.toMatchObject({ code: "LIMIT_ABOVE_MAXIMUM" });
  });

  it("reports a sandbox that was not as planned", async () => {
    const { launch } = await launched();
    const error = { code: "ENFORCEMENT_MISMATCH", operation: "verify", detail: "seccomp" };
    fake.tell({ type: "ended", id, cause: "failed", stats: STATS, marks: [], error });
    await expect(launch.launched).rejects.toMatchObject({ code: "ENFORCEMENT_MISMATCH" });
  });

  it("asks about a sandbox", async () => {
    const { launch } = await launched();
    const stats = launch.stats();
    await fake.until(() => fake.requests.length === 1);
    fake.tell({ type: "reply", seq: fake.requests[0]?.["seq"], value: STATS });
    expect(await stats).toEqual(STATS);
    const paused = launch.pause();
    await fake.until(() => fake.requests.length === 2);
    fake.tell({ type: "reply", seq: fake.requests[1]?.["seq"], error: { code: "ID_UNKNOWN", operation: "pause" } });
    await expect(paused).rejects.toMatchObject({ code: "ID_UNKNOWN" });
  });

  it("never cuts a launch short by killing it, and kills it again when the first kill came too early", async () => {
    const broker = await Broker.connect(fake.path);
    const launch = broker.launch(plan);
    launch.kill();
    await fake.until(() => fake.launches.length === 1 && fake.requests.length === 1);
    fake.tell({ type: "launched", id, pid: 7, evidence: EVIDENCE, marks: [1] });
    await fake.until(() => fake.requests.length === 2);
    expect(fake.requests.map(({ type }) => type)).toEqual(["kill", "kill"]);
  });

  it("kills an init that does not exit when it is released", async () => {
    const { launch } = await launched();
    launch.release();
    await fake.until(() => fake.requests.length === 1);
    expect(fake.requests[0]).toMatchObject({ type: "kill", id });
  });

  it("fails everything when the broker is lost", async () => {
    const { broker, launch } = await launched();
    const stats = launch.stats();
    fake.control?.destroy();
    await expect(stats).rejects.toMatchObject({ code: "BROKER_LOST" });
    await expect(launch.launched).rejects.toMatchObject({ code: "BROKER_LOST" });
    await expect(launch.ended).rejects.toMatchObject({ code: "BROKER_LOST" });
    expect(broker.alive).toBe(false);
    expect(() => broker.launch(plan)).toThrow(expect.objectContaining({ code: "BROKER_LOST" }));
  });

  it.each([
    [
      "evidence",
      { type: "launched", id, pid: 7, evidence: { ...EVIDENCE, init: { ...EVIDENCE.init, seccomp: 3 } }, marks: [] },
    ],
    ["a cause", { type: "ended", id, cause: "bored", stats: STATS, marks: [] }],
    ["statistics", { type: "ended", id, cause: "exited", stats: { ...STATS, pids: "many" }, marks: [] }],
    ["moments", { type: "ended", id, cause: "exited", stats: STATS, marks: [-1] }],
  ])("refuses a broker that sends %s of another shape", async (_, message) => {
    const { launch } = await launched();
    fake.tell(message);
    await expect(launch.ended).rejects.toMatchObject({ code: "BROKER_LOST" });
  });

  it("refuses a broker that sends no messages at all", async () => {
    const { launch } = await launched();
    fake.control?.write(Buffer.from([0xff, 0, 0, 0]));
    await expect(launch.ended).rejects.toMatchObject({ code: "BROKER_LOST", detail: "message too long" });
  });
});
