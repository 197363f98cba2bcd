/**
 * The mail example, in qmail's shape: a message is delivered once, however its parts are killed. What an attacker gains
 * in each part is what `blast` names. BULKHEAD_TEST_MESSAGES=100 for the long form, BULKHEAD_TEST_SEED for one order.
 */

import { execFile, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import type { Level } from "bulkhead";
import { type RunningService, Service } from "bulkhead/services";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exceptAt, isRequired } from "../support/levels.js";
import type { TemporaryDirectory } from "../support/temporary.js";
import { eventually, sleep } from "../support/time.js";
import { attackFrom, expectBlast } from "./support/attacker.js";
import { freePort } from "./support/services.js";
import { stateOf } from "./support/state.js";

const example = fileURLToPath(new URL("../../examples/services/mail/", import.meta.url));
const PARTS = ["receiver", "queue", "deliverer"] as const;
const MESSAGES = Number(process.env["BULKHEAD_TEST_MESSAGES"] ?? "20");
const SEED = Number(process.env["BULKHEAD_TEST_SEED"] ?? String(Date.now() % 1_000_000));
const ATTEMPTS = 60;

const hasClient = hasProgram("msmtp");

/** The example's file with other places, its receiver at this level, and its deliverer at chroot. */
async function exampleAt(level: Level, port: number, state: string): Promise<Service> {
  const text = (await readFile(`${example}bulkhead.yaml`, "utf8"))
    .replace("name: mail", `name: mail-${process.pid}`)
    .replaceAll("127.0.0.1:2525", `127.0.0.1:${port}`)
    .replaceAll("./state/", `${state}/`)
    .replace(/^ {2}receiver:.*$/m, `  receiver:\n    level: ${level}`)
    .replace(/^ {2}deliverer:.*$/m, "  deliverer:\n    level: chroot");
  return await Service.parse(text, example);
}

await exceptAt({ microvm: "it refuses `root: host`" })((level) => {
  let state: TemporaryDirectory;
  let service: Service;
  let running: RunningService;
  let port: number;

  beforeAll(async () => {
    state = await stateOf("mail", { queue: 2101, mail: 2102 });
    port = await freePort();
    service = await exampleAt(level, port, state.path);
    running = await service.up();
  });
  afterAll(async () => {
    await running?.down();
    await state?.[Symbol.asyncDispose]();
  });

  const mailbox = async (name: string) => {
    const directory = state.join("mail", name, "new");
    const files = existsSync(directory) ? await readdir(directory) : [];
    return await Promise.all(files.map(async (file) => await readFile(`${directory}/${file}`, "latin1")));
  };

  /** Speaks SMTP word for word; resolves with the server's words when it has closed the connection. */
  const speak = (...lines: readonly string[]) =>
    new Promise<string>((resolve) => {
      let said = "";
      const socket = connect(port, "127.0.0.1");
      socket.on("data", (bytes) => {
        said += bytes;
      });
      socket.on("error", () => undefined);
      socket.on("close", () => resolve(said));
      socket.write(lines.join(""));
    });

  it("delivers a message once, also if it is sent again after it was read, and the queue was killed", async () => {
    const message = "To: carl@example.test\r\nMessage-ID: <once@test>\r\n\r\nHello\r\n..dots\r\n.\r\n";
    const say = ["EHLO test\r\n", "MAIL FROM:<bob@test>\r\n", "RCPT TO:<Carl@example.test>\r\n", "DATA\r\n"];
    const send = async () => expect(await speak(...say, message, "QUIT\r\n")).toMatch(/^250 2\.0\.0 queued as /m);
    const isEmpty = async () => (await readdir(state.join("queue/new"))).length === 0;
    await send();
    await eventually("it is there", 20_000, async () => (await mailbox("carl")).length === 1);
    await eventually("the queue is empty", 20_000, isEmpty);
    const [text = ""] = await mailbox("carl");
    expect(text).toMatch(/^Return-Path: <bob@test>\r\nReceived: from test by example\.test with ESMTP; /);
    expect(text.endsWith("\r\n\r\nHello\r\n.dots\r\n")).toBe(true);
    await rm(state.join("mail/carl"), { recursive: true });
    const killed = await running.exec("queue", ["sh", "-c", "kill -9 -1"], { buffer: true });
    await killed.result.catch(() => undefined);
    await send();
    expect(await isEmpty()).toBe(true);
    // A later message passes it.
    expect(await speak(...say, message.replace("once", "later"), "QUIT\r\n")).toContain("queued");
    await eventually("the later one is there", 20_000, async () => (await mailbox("carl")).length > 0);
    expect((await mailbox("carl")).map((one) => /^Message-ID: (.*)\r$/m.exec(one)?.[1])).toEqual(["<later@test>"]);
  });

  it("keeps two messages of the same words that have no id", async () => {
    const say = [
      "EHLO test\r\nMAIL FROM:<>\r\nRCPT TO:<dora@example.test>\r\nDATA\r\n",
      "Subject: a\r\n\r\nb\r\n.\r\nQUIT\r\n",
    ];
    for (let time = 0; time < 2; time++) expect(await speak(...say)).toContain("queued");
    await eventually("both are there", 20_000, async () => (await mailbox("dora")).length === 2);
  });

  it.each([
    ["a recipient elsewhere", "RCPT TO:<ann@elsewhere.test>", "550 5.7.1"],
    ["a path for a mailbox", "RCPT TO:<../../app@example.test>", "550 5.1.1"],
    ["a hidden mailbox", "RCPT TO:<.ssh@example.test>", "550 5.1.1"],
    ["a message that is too large", "MAIL FROM:<a@b> SIZE=2000000", "552 5.3.4"],
    ["data for no recipient", "DATA", "503 5.5.1"],
  ])("refuses %s", async (_, line, answer) => {
    const first = line.startsWith("MAIL") ? "" : "MAIL FROM:<a@b>\r\n";
    expect(await speak("EHLO test\r\n", first, `${line}\r\n`, "QUIT\r\n")).toContain(`\n${answer}`);
  });

  it("takes no second message out of the first (SMTP smuggling)", async () => {
    const start = "EHLO test\r\nMAIL FROM:<a@b>\r\nRCPT TO:<eve@example.test>\r\nDATA\r\n";
    const second = "MAIL FROM:<root@b>\r\nRCPT TO:<eve@example.test>\r\nDATA\r\nsmuggled\r\n.\r\nQUIT\r\n";
    for (const end of ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r"]) {
      expect(await speak(start, `text${end}`, second)).not.toContain("queued");
    }
    expect(await mailbox("eve")).toEqual([]);
  });

  describe("an attacker", () => {
    it.each(PARTS)("in the %s gains what `blast` names, and nothing else", async (name) => {
      const loot = await attackFrom(running, service, name, [2525, port]);
      expectBlast(service, name, loot, name === "receiver" ? { listening: ["127.0.0.1:2525"] } : {});
    });

    it("has no way between components beside the declared ones", async () => {
      const { passed, pairs } = await running.verify();
      expect(pairs.filter(({ status }) => status !== "held")).toEqual([]);
      expect(passed).toBe(true);
    });
  });

  describe.skipIf(!hasClient)("with msmtp", () => {
    it(`delivers ${MESSAGES} messages once each while its parts are killed (seed ${SEED})`, async () => {
      const before = (await readdir(state.join("queue/done"))).length;
      const killer = new Killer(running, SEED);
      const killing = killer.run();
      const numbers = Array.from({ length: MESSAGES }, (_, index) => index);
      try {
        for (const number of numbers) await sendUntilAccepted(port, number);
      } finally {
        killer.stop();
        await killing;
      }
      const wanted = numbers.map((number) => `number ${number}`).sort();
      await eventually("the queue is empty", 60_000, async () => (await readdir(state.join("queue/new"))).length === 0);
      const subjects = (await mailbox("ann")).map((text) => /^Subject: (.*)\r$/m.exec(text)?.[1]);
      expect(subjects.sort()).toEqual(wanted);
      // One name for each message that the queue ever had.
      expect(await readdir(state.join("queue/done"))).toHaveLength(before + MESSAGES);
      for (const part of PARTS) expect(killer.kills.get(part)).toBeGreaterThan(0);
    }, 600_000);
  });
});

it.runIf(!hasClient && isRequired("msmtp"))("msmtp is required here", () => {
  throw new Error("apt-get install msmtp");
});

/** Kills one part after another at random moments, as often as they come back. */
class Killer {
  readonly kills = new Map<string, number>();
  readonly #running: RunningService;
  #state: number;
  #stopped = false;

  constructor(running: RunningService, seed: number) {
    this.#running = running;
    this.#state = seed;
  }

  async run(): Promise<void> {
    while (!this.#stopped) {
      const part = PARTS[Math.floor(this.#random() * PARTS.length)] ?? "queue";
      const killed = await this.#running.exec(part, ["sh", "-c", "kill -9 -1"], { buffer: true }).then(
        async (process) => {
          await process.result.catch(() => undefined);
          return true;
        },
        // It is about to start again.
        () => false,
      );
      if (killed) this.kills.set(part, (this.kills.get(part) ?? 0) + 1);
      await sleep(50 + this.#random() * 500);
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  /** A linear congruential generator, with the constants of Numerical Recipes. */
  #random(): number {
    this.#state = (this.#state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return this.#state / 2 ** 32;
  }
}

/** As a mail client's own queue does: the same message again, until the server has taken it. */
async function sendUntilAccepted(port: number, number: number): Promise<void> {
  const message = `To: ann@example.test\nSubject: number ${number}\nMessage-ID: <${number}@test>\nDate: Mon, 30 Nov 2026 20:00:00 +0000\n\nHello\n`;
  const server = [`--host=127.0.0.1`, `--port=${port}`, "--auth=off", "--tls=off", "--timeout=20"];
  let said = "";
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
      const argv = [...server, "--from=bob@test", "ann@example.test"];
      const child = execFile("msmtp", argv, (error, _, words) => resolve({ code: error?.code ?? 0, stderr: words }));
      child.stdin?.on("error", () => undefined);
      child.stdin?.end(message);
    });
    if (code === 0) return;
    said = stderr;
    await sleep(50);
  }
  throw new Error(`message ${number} was not accepted: ${said}`);
}

function hasProgram(name: string): boolean {
  try {
    execFileSync("sh", ["-c", `command -v ${name}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
