import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { length } from "../../support/broker-peer.js";
import { ms, sleep } from "../../support/time.js";
import { ALLOWED, BrokerSetting } from "../support/broker-setting.js";

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
  },
  ms(60_000),
);
