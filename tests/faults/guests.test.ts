import { mkdir } from "node:fs/promises";
import { type BulkheadError, Sandbox } from "bulkhead";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Evidence } from "../../packages/bulkhead/src/evidence/observed.js";
import type { Facts } from "../../packages/bulkhead/src/host/facts.js";
import type { Running } from "../../packages/bulkhead/src/levels/driver.js";
import { Live } from "../../packages/bulkhead/src/session/live.js";
import { FalseGuests } from "../support/false-guest.js";
import { isRequired, lackFor } from "../support/levels.js";
import { monitorsOf } from "../support/monitors.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { ms } from "../support/time.js";
import { Traces } from "./support/left.js";

const lack = await lackFor("microvm");
if (lack !== undefined && isRequired("microvm")) throw new Error(lack);

/** An emulated machine on a busy host takes seconds to its first program. */
const BOOT_MS = ms(40_000);
const MIB = 1 << 20;

/** A message of `docs/guest.md`, with its length in front. */
function framed(message: unknown): Buffer {
  const text = Buffer.from(typeof message === "string" ? message : JSON.stringify(message));
  const head = Buffer.alloc(4);
  head.writeUInt32BE(text.length);
  return Buffer.concat([head, text]);
}

/** Asks for a program to be run, and waits until that has failed. */
function failureOfExec({ channel }: Live): Promise<BulkheadError> {
  return new Promise((resolve) => {
    const ignored = { data: () => undefined, result: () => undefined };
    const request = { op: "exec", argv: ["true"], env: {}, cwd: "/", stdin: "null" } as const;
    channel.open(request, { ...ignored, failed: resolve });
  });
}

describe.skipIf(lack !== undefined)(`a hostile guest${lack === undefined ? "" : ` (skipped: ${lack})`}`, () => {
  let directory: TemporaryDirectory;
  let guests: FalseGuests;
  let facts: Facts;
  let evidence: Evidence;
  let traces: Traces;

  beforeAll(async () => {
    directory = await TemporaryDirectory.create("guests", 0o755);
    await mkdir(directory.join("tmp"));
    process.env["TMPDIR"] = directory.join("tmp");
    guests = await FalseGuests.open(directory.path);
    facts = await guests.facts();
    await using container = await Sandbox.create({ level: "container" });
    const { processes: _, ...ofInit } = await container.evidence();
    evidence = ofInit;
  });
  afterAll(async () => await directory?.[Symbol.asyncDispose]());
  beforeEach(() => {
    traces = new Traces();
  });

  /** Why it was not launched. Afterwards nothing is left of it. */
  async function refusal(running: Running): Promise<BulkheadError> {
    const error = await running.launched.then(
      () => {
        throw new Error("launched");
      },
      (reason: BulkheadError) => reason,
    );
    await running.ended.catch(() => undefined);
    await traces.assertGone();
    return error;
  }

  /** Evidence that denies these protections. */
  const withVerdict = (contradicted: readonly string[]) => ({ ...evidence, verdict: { inForce: [], contradicted } });
  const ready = () => ({ type: "ready", generation: 1, facts, bootUs: 1 });
  const say = "modules; exec 3>$(port bulkhead.control); cat /say >&3; sleep 1000";

  test("panics: GUEST_BOOT_FAILED, with its last words", async () => {
    const error = await refusal(await guests.start("exit 7", BOOT_MS));
    expect(error.code).toBe("GUEST_BOOT_FAILED");
    expect(error.detail).toMatch(
      /machine ended[\s\S]*Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000700/,
    );
  });

  test("starts again: GUEST_BOOT_FAILED, and it does not", async () => {
    const error = await refusal(await guests.start("reboot -f", BOOT_MS));
    expect([error.code, error.detail]).toEqual(["GUEST_BOOT_FAILED", expect.stringContaining("machine ended")]);
  });

  test("hangs: GUEST_BOOT_FAILED when its time is over, and not later", async () => {
    const running = await guests.start("while :; do sleep 1000; done", ms(4000));
    await running.launched.catch(() => undefined);
    const began = performance.now();
    const error = await refusal(running);
    expect(error.code).toBe("GUEST_BOOT_FAILED");
    expect(error.detail).toMatch(/^nothing for \d+ ms/);
    expect(performance.now() - began).toBeLessThan(ms(10_000));
  });

  test("floods its console: memory stays bounded, and the error quotes a short and printable part", async () => {
    const before = process.memoryUsage().rss;
    const script = `i=0; while [ $i -lt 64 ]; do line="$line\\033]0;owned\\007\\033[2J0123456789abcdef"; i=$((i+1)); done
      while :; do printf "$line\\n"; done`;
    const running = await guests.start(script, ms(12_000));
    traces.see();
    const error = await refusal(running);
    expect(error.code).toBe("GUEST_BOOT_FAILED");
    expect(error.detail).toContain("0123456789abcdef");
    expect(error.detail).toMatch(/^[\x20-\x7e\n]{1,2000}$/);
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * MIB);
  });

  test.each([
    ["a length beyond all bounds", () => Buffer.from([0xff, 0xff, 0xff, 0xff])],
    ["a length of nothing", () => framed("")],
    ["no JSON", () => framed("}{")],
    ["a list", () => framed([ready()])],
    ["a type that there is not", () => framed({ type: "reboot-host" })],
    ["ready, with a field more", () => framed({ ...ready(), plan: {} })],
    ["ready, of another generation", () => framed({ ...ready(), generation: 2 })],
    ["ready, with facts that are none", () => framed({ ...ready(), facts: { landlockAbi: "all" } })],
    ["ready twice", () => Buffer.concat([framed(ready()), framed(ready())])],
    ["booted before ready", () => framed({ type: "booted", evidence, bootUs: 1 })],
    [
      "booted, with a verdict on a protection that there is not",
      () => Buffer.concat([framed(ready()), framed({ type: "booted", evidence: withVerdict(["magic"]), bootUs: 2 })]),
    ],
    ["a reply to nothing", () => Buffer.concat([framed(ready()), framed({ type: "reply", seq: 7, value: {} })])],
  ])("says on the control port %s: PROTOCOL_VIOLATION", async (_what, words) => {
    const running = await guests.start(say, BOOT_MS, { say: words() });
    expect(await refusal(running)).toMatchObject({ code: "PROTOCOL_VIOLATION", operation: "guest control" });
  });

  test("says half a message, and then nothing: GUEST_BOOT_FAILED", async () => {
    const running = await guests.start(say, ms(12_000), { say: framed(ready()).subarray(0, 40) });
    expect((await refusal(running)).code).toBe("GUEST_BOOT_FAILED");
  });

  test.each([
    ["a frame beyond all bounds", Buffer.from([0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 1])],
    ["noise", Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 167 + 13) & 0xff))],
    ["an answer before hello", Buffer.from([0, 0, 0, 7, 2, 0, 0, 0, 1, 123, 125])],
  ])("speaks on the channel %s: PROTOCOL_VIOLATION, and the machine is killed", async (_what, words) => {
    const control = Buffer.concat([framed(ready()), framed({ type: "booted", evidence, bootUs: 2 })]);
    const script = `modules; exec 3>$(port bulkhead.control); cat /say >&3
      exec 4>$(port bulkhead.channel); cat /words >&4; sleep 1000`;
    const running = await guests.start(script, BOOT_MS, { say: control, words });
    const failed = await failureOfExec(new Live(running));
    expect(failed.code).toBe("PROTOCOL_VIOLATION");
    await running.ended;
    await traces.assertGone();
  });

  test("panics while something runs: SANDBOX_LOST, with its last words", async () => {
    const words = Buffer.concat([framed(ready()), framed({ type: "booted", evidence, bootUs: 2 })]);
    const script = "modules; exec 3>$(port bulkhead.control); cat /say >&3; sleep 1; exit 7";
    const running = await guests.start(script, BOOT_MS, { say: words });
    const failed = await failureOfExec(new Live(running));
    expect(failed.code).toBe("SANDBOX_LOST");
    expect(failed.detail).toMatch(
      /the microVM's guest failed[\s\S]*Kernel panic - not syncing: Attempted to kill init!/,
    );
    await running.ended;
    await traces.assertGone();
  });

  test("denies what its kernel enforces: the launch succeeds, and the library passes on the claim as the guest's", async () => {
    const denied = { type: "booted", evidence: withVerdict(["seccomp"]), bootUs: 2 };
    const running = await guests.start(say, BOOT_MS, { say: Buffer.concat([framed(ready()), framed(denied)]) });
    const { evidence: outside, inside } = await running.launched;
    expect(inside?.contradicted).toEqual(["seccomp"]);
    expect(outside.verdict.contradicted).toEqual([]);
    expect(outside.verdict.inForce).toContain("seccomp");
    running.kill();
    await running.ended;
    await traces.assertGone();
  });

  test("behaves like a real one: the launch succeeds (control of the cases above)", async () => {
    const words = Buffer.concat([framed(ready()), framed({ type: "booted", evidence, bootUs: 2 })]);
    const running = await guests.start(say, BOOT_MS, { say: words });
    await running.launched;
    expect(monitorsOf()).toHaveLength(1);
    traces.see();
    expect(traces.groups).toBeGreaterThan(0);
    running.kill();
    await running.ended;
    await traces.assertGone();
  });
});
