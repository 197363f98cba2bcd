import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { length, Peer } from "../../support/broker-peer.js";
import { readKernelFile, residentBytes } from "../../support/host.js";
import { ms, sleep } from "../../support/time.js";
import { ALLOWED, BrokerSetting, STRANGER } from "../support/broker-setting.js";
import { Caller, variant } from "../support/caller.js";

/**
 * Bytes that are no protocol, from those who may connect and those who may not. The broker must serve everybody else
 * all the while.
 */
describe.skipIf(process.getuid?.() !== 0)(
  "what callers say to a broker of root",
  () => {
    let setting: BrokerSetting;

    beforeAll(async () => {
      setting = await BrokerSetting.create();
    });
    afterEach(async () => await setting.assertIntact());
    afterAll(async () => await setting[Symbol.asyncDispose]());

    const peer = (user = ALLOWED) => new Peer(setting.broker.socket, user);
    const rss = () => residentBytes(setting.broker.pid);

    test("a user without permission gets no answer", async () => {
      expect(await Caller.connect(setting.broker.socket, STRANGER)).toBeUndefined();
    });

    test("a stranger who knows a session cannot launch in it", async () => {
      await using caller = await setting.caller();
      await using stranger = peer(STRANGER);
      const plan = variant(setting.plan);
      stranger.send({ type: "launch", session: caller.session, plan });
      await stranger.closed;
      expect(await caller.control.next(({ type }) => type === "launched", 500).catch(() => "silence")).toBe("silence");
    });

    test("another user's session is not for a second allowed one either", async () => {
      // Root is always allowed, and still launches with its own rights, in its own session only.
      await using caller = await setting.caller();
      await using root = new Peer(setting.broker.socket);
      root.send({ type: "launch", session: caller.session, plan: variant(setting.plan) });
      const verdict = await caller.control
        .next(({ type }) => type === "launched" || type === "refused", 2000)
        .catch(() => undefined);
      expect(verdict?.type).not.toBe("launched");
    });

    test("a made-up session", async () => {
      await using caller = await setting.caller();
      for (const session of ["0".repeat(32), "", "x", caller.session.slice(1), `${caller.session}0`]) {
        expect((await caller.launch(variant(setting.plan), session))?.type ?? "refused").toBe("refused");
      }
    });

    test("an id that is taken, from the same caller and from another session", async () => {
      await using caller = await setting.caller();
      await using other = await setting.caller();
      const plan = variant(setting.plan);
      expect(await caller.launch(plan)).toMatchObject({ type: "launched" });
      expect((await caller.launch(plan))?.code).toBe("ID_TAKEN");
      expect((await other.launch(plan))?.type).toBe("refused");
    });

    test("another session's sandbox cannot be asked about, paused or killed", async () => {
      await using caller = await setting.caller();
      await using other = await setting.caller();
      const plan = variant(setting.plan);
      await caller.launch(plan);
      for (const type of ["stats", "evidence", "pause", "resume", "kill"]) {
        const reply = await other.ask(type, String(plan["id"]));
        expect(reply?.["error"], type).toMatchObject({ code: "ID_UNKNOWN" });
      }
      expect((await caller.ask("stats", String(plan["id"])))?.["value"]).toBeDefined();
    });

    test.each([
      ["nothing but a length", Buffer.from([0, 0, 0, 10])],
      ["a length of zero", Buffer.from([0, 0, 0, 0])],
      ["a length of 4 GiB", Buffer.from([255, 255, 255, 255])],
      ["a length above the bound", length(2 << 20)],
      ["no JSON", Buffer.concat([length(5), Buffer.from("hello")])],
      ["half a JSON", Buffer.concat([length(8), Buffer.from('{"type":')])],
      ["an array", Buffer.concat([length(2), Buffer.from("[]")])],
      ["deep nesting", Buffer.concat([length(200_000), Buffer.from("[".repeat(200_000))])],
      ["an unknown type", Buffer.concat([length(15), Buffer.from('{"type":"root"}')])],
      ["invalid UTF-8", Buffer.concat([length(6), Buffer.from([123, 255, 254, 0, 1, 125])])],
      ["random bytes", randomBytes(100_000)],
      ["HTTP", Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n")],
    ])("%s", async (_, bytes) => {
      await using one = peer();
      one.sendBytes(bytes);
      await sleep(50);
      await using caller = await setting.caller();
      caller.control.sendBytes(bytes);
      await sleep(50);
    });

    test("a message that is huge: memory of the broker stays bounded", async () => {
      const before = rss();
      await using one = peer();
      one.sendBytes(length(1 << 20));
      one.sendBytes(Buffer.alloc(1 << 20, 0x20));
      one.sendBytes(Buffer.alloc(64 << 20));
      await sleep(500);
      expect(rss() - before).toBeLessThan(16 << 20);
    });

    test("a plan with a huge list, and one with a huge string", async () => {
      await using caller = await setting.caller();
      const at = (index: number) => ({ kind: "mask", at: `/m${index}` });
      const many = variant(setting.plan, { mounts: Array.from({ length: 20_000 }, (_, index) => at(index)) });
      expect((await caller.launch(many))?.type ?? "refused").toBe("refused");
      expect((await caller.launch(variant(setting.plan, { hostname: "x".repeat(900_000) })))?.type ?? "refused").toBe(
        "refused",
      );
      expect((await caller.launch(variant(setting.plan, { unknown: true })))?.code).toBe("PLAN_INVALID");
    });

    test("a field twice", async () => {
      await using caller = await setting.caller();
      const plan = JSON.stringify(variant(setting.plan)).replace(
        '"level":"container"',
        '"level":"container","level":"chroot"',
      );
      const body = Buffer.from(`{"type":"launch","session":"${caller.session}","plan":${plan}}`);
      await using channel = peer();
      channel.sendBytes(Buffer.concat([length(body.length), body]));
      const verdict = await caller.control
        .next(({ type }) => type === "launched" || type === "refused", 2000)
        .catch(() => undefined);
      expect(verdict?.type).not.toBe("launched");
    });

    test("a truncated plan, and one that arrives byte by byte", async () => {
      await using caller = await setting.caller();
      const plan = variant(setting.plan);
      const body = Buffer.from(JSON.stringify({ type: "launch", session: caller.session, plan }));
      {
        await using truncated = peer();
        truncated.sendBytes(Buffer.concat([length(body.length), body.subarray(0, -10)]));
        await sleep(100);
      }
      await using slow = peer();
      slow.ignoreAnswers();
      slow.sendBytes(length(body.length));
      for (let index = 0; index < body.length; index += 100) {
        slow.sendBytes(body.subarray(index, index + 100));
        await sleep(1);
      }
      expect(await caller.control.next(({ type }) => type === "launched")).toMatchObject({ id: plan["id"] });
    });

    test("connections that say nothing do not keep others out", async () => {
      const silent = Array.from({ length: 60 }, () => peer());
      await sleep(1000);
      await setting.assertIntact();
      for (const one of silent) await one[Symbol.asyncDispose]();
    });

    test("a caller that never reads the broker's messages", async () => {
      await using caller = await setting.caller();
      const before = rss();
      for (let index = 0; index < 20_000; index += 1)
        caller.control.send({ type: "stats", seq: index, id: "unknown-sandbox" });
      await sleep(1000);
      expect(rss() - before).toBeLessThan(32 << 20);
    });

    test("requests without sense", async () => {
      for (const message of [
        { type: "kill" },
        { type: "stats", seq: -1, id: "x" },
        { type: "stats", seq: "1", id: 5 },
        { type: "control" },
        { type: "pause", seq: 1, id: "../.." },
      ]) {
        await using caller = await setting.caller();
        caller.control.send(message);
        await sleep(20);
      }
    });

    test("the broker's own process is closed to its callers", () => {
      const status = readKernelFile(`/proc/${setting.broker.pid}/status`);
      expect(status).toMatch(/^Uid:\t0/m);
      // Not dumpable: its /proc files are root's even where it acts with a caller's file ids.
      expect(readKernelFile(`/proc/${setting.broker.pid}/environ`)).not.toContain("BULKHEAD_CANARY");
    });
  },
  ms(60_000),
);
