/**
 * The log of a system broker: who launched what, who was refused and why, and nothing that a caller could forge in it.
 */

import { run } from "bulkhead";
import { describe, expect, it } from "vitest";
import { Peer } from "../../support/broker-peer.js";
import { SystemBroker } from "../../support/system-broker.js";
import { TemporaryDirectory } from "../../support/temporary.js";
import { eventually } from "../../support/time.js";

const HOSTILE = 'x\n{"event":"launched","uid":0}\r\u001b[2J\u009b\u202e\u2028é\u{1f480}';

async function control(broker: SystemBroker, user?: { readonly uid: number; readonly gid: number }) {
  const peer = new Peer(broker.socket, user);
  peer.send({ type: "control" });
  const hello = await peer.next(({ type }) => type === "hello");
  return { peer, session: String(hello?.["session"]) };
}

describe("the log of a system broker", () => {
  it("says who launched what, and how it ended", async () => {
    await using directory = await TemporaryDirectory.create("logged", 0o755);
    await using broker = await SystemBroker.start(["--allow-uid", "4242"]);
    await run(["true"], { files: [{ host: directory.path, at: "/data" }] }, { broker: broker.socket });
    await eventually("its end is written", 5_000, () => broker.log.some(({ event }) => event === "ended"));
    const [started, launched, ended] = broker.log;
    expect(started).toMatchObject({ event: "started", socket: broker.socket, allowUids: [4242], allowGids: [] });
    expect(launched).toMatchObject({
      event: "launched",
      timeMs: expect.any(Number),
      uid: 0,
      callerPid: process.pid,
      level: "container",
      mounts: { first: expect.arrayContaining([{ source: directory.path, writable: false }]) },
      limits: { pids: 512 },
    });
    expect(ended).toMatchObject({ event: "ended", id: launched?.["id"], cause: "exited", stats: expect.anything() });
    await broker.kill("SIGTERM");
    expect(broker.log.at(-1)).toMatchObject({ event: "stopping" });
  });

  it("names refused callers, and escapes and cuts their texts", async () => {
    await using broker = await SystemBroker.start(["--allow-uid", "4242"]);
    const { peer, session } = await control(broker, { uid: 4242, gid: 4242 });
    await using _peer = peer;
    for (const id of [HOSTILE, HOSTILE.repeat(500)]) {
      await using launch = new Peer(broker.socket, { uid: 4242, gid: 4242 });
      launch.send({ type: "launch", session, plan: { id, [`${HOSTILE}${"y".repeat(3000)}`]: 1 } });
      await peer.next(({ type }) => type === "refused");
    }
    await using stranger = new Peer(broker.socket, { uid: 4343, gid: 4343 });
    stranger.send({ type: "control" });
    await stranger.next(({ type }) => type === "refused");
    await eventually("all are written", 5_000, () => broker.log.length >= 4);
    expect(broker.log.slice(1)).toMatchObject([
      { event: "refused", uid: 4242, code: "PLAN_INVALID" },
      { event: "refused", uid: 4242, code: "PLAN_INVALID" },
      { event: "caller-refused", uid: 4343, callerPid: expect.any(Number) },
    ]);
    expect(Buffer.from(broker.said.replaceAll("\n", "")).every((byte) => byte >= 0x20 && byte < 0x7f)).toBe(true);
    expect(Math.max(...broker.said.split("\n").map((line) => line.length))).toBeLessThan(4096);
  });

  it("is not filled by a caller that is refused repeatedly, and never blocks on a stalled reader", async () => {
    await using broker = await SystemBroker.start();
    const { peer, session } = await control(broker);
    await using _peer = peer;
    for (let round = 0; round < 150; round++) {
      await using launch = new Peer(broker.socket);
      launch.send({ type: "launch", session, plan: { id: `s${round}` } });
      if (round % 50 === 49) await peer.next(({ type }) => type === "refused");
    }
    await run(["true"], {}, { broker: broker.socket });
    await eventually("the run is written", 10_000, () => broker.log.some(({ event }) => event === "ended"));
    expect(broker.log.filter(({ event }) => event === "refused").length).toBeLessThanOrEqual(100);
  });
});
