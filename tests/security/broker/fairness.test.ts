import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { length } from "../../support/broker-peer.js";
import { frontsOf } from "../../support/fronts.js";
import { ms, sleep } from "../../support/time.js";
import { ALLOWED, BrokerSetting } from "../support/broker-setting.js";
import { Caller } from "../support/caller.js";

/** Opens as many control connections as its second argument says, and prints how many of them were greeted. */
const HOARDER = `
const [socket, wanted] = process.argv.slice(1);
let greeted = 0, settled = 0;
const settle = () => { settled += 1; if (settled === Number(wanted)) { process.stdout.write(String(greeted), () => process.exit()); } };
const body = Buffer.from('{"type":"control"}');
const head = Buffer.from([0, 0, 0, body.length]);
function open(left) {
  if (left === 0) return;
  const one = require("node:net").connect(socket);
  let done = false;
  const finish = () => { if (!done) { done = true; settle(); open(left - 1); } };
  one.on("error", finish).on("close", finish).once("data", () => { greeted += 1; finish(); });
  one.write(Buffer.concat([head, body]));
}
open(Number(wanted));
`;

/** Opens as many connections as its second argument says, says nothing on them, and ends with its input. */
const CROWD = `
const [socket, wanted] = process.argv.slice(1);
function open(left) {
  if (left === 0) return process.stdout.write("all");
  require("node:net").connect(socket, () => open(left - 1)).on("error", () => setTimeout(open, 1, left));
}
open(Number(wanted));
process.stdin.on("end", () => process.exit()).resume();
`;

const descriptorsOf = (pid: number) => readdirSync(`/proc/${pid}/fd`).length;

/** The broker is one loop for all of its callers: none of them may have it alone, or fill it up. */
describe.skipIf(process.getuid?.() !== 0)(
  "callers of a broker of root who want it for themselves",
  () => {
    let setting: BrokerSetting;

    beforeAll(async () => {
      setting = await BrokerSetting.create();
    });
    afterEach(async () => await setting.assertIntact());
    afterAll(async () => await setting[Symbol.asyncDispose]());

    test("one who always has the next request ready is not served alone", async () => {
      await using caller = await setting.caller();
      const body = Buffer.from(JSON.stringify({ type: "stats", seq: 1, id: "unknown-sandbox" }));
      const requests = Buffer.concat(Array.from({ length: 1000 }, () => [length(body.length), body]).flat());
      caller.control.ignoreAnswers();
      let flooding = true;
      const flood = (async () => {
        for (const end = Date.now() + ms(8000); flooding && Date.now() < end; await sleep(2)) {
          caller.control.sendBytes(requests);
        }
      })();
      await sleep(300);
      const before = performance.now();
      await (await setting.caller())[Symbol.asyncDispose]();
      const waited = performance.now() - before;
      flooding = false;
      await flood;
      // Most of it is the start of the other caller's process.
      expect(waited).toBeLessThan(ms(3000));
    });

    test("control connections of one user are not without end", async () => {
      const hoarder = spawn(process.execPath, ["-e", HOARDER, setting.broker.socket, "300"], { ...ALLOWED, cwd: "/" });
      const exited = once(hoarder, "exit");
      expect(await text(hoarder.stdout)).toBe("256");
      await exited;
    });

    test("connections do not pile up in the keeper while the caller has stopped its front", async () => {
      await using caller = await setting.caller();
      const [front] = frontsOf(setting.broker.pid, ALLOWED.uid)[0] ?? [];
      expect(front).toBeGreaterThan(0);
      // A front is a process of the caller's: nobody else is needed to stop it.
      execFileSync("kill", ["-STOP", String(front)], { ...ALLOWED, cwd: "/" });
      const before = descriptorsOf(setting.broker.pid);
      const crowd = spawn(process.execPath, ["-e", CROWD, setting.broker.socket, "900"], { ...ALLOWED, cwd: "/" });
      const exited = once(crowd, "exit");
      try {
        expect(String(await once(crowd.stdout, "data"))).toBe("all");
        // Served after all of them.
        await (await Caller.connect(setting.broker.socket))?.[Symbol.asyncDispose]();
        expect(descriptorsOf(setting.broker.pid) - before).toBeLessThan(100);
      } finally {
        crowd.stdin.end();
        execFileSync("kill", ["-CONT", String(front)], { ...ALLOWED, cwd: "/" });
      }
      await exited;
      expect(await caller.ask("stats", "unknown-sandbox")).toMatchObject({ type: "reply" });
    });
  },
  ms(60_000),
);
