import { beforeEach, describe, expect, it } from "vitest";
import type { Ended, Launched } from "../../src/broker/messages.js";
import { Kind } from "../../src/channel/protocol.js";
import type { BulkheadError } from "../../src/errors/bulkhead-error.js";
import { Ends } from "../../src/session/ends/ends.js";
import { execRequest } from "../../src/session/exec-options.js";
import { filesOf } from "../../src/session/files/files.js";
import { Live } from "../../src/session/live.js";
import { startProcess } from "../../src/session/process.js";
import { duplexPair } from "../support/duplex-pair.js";
import { FakeInit } from "../support/fake-init.js";

const WORKLOAD = { env: {}, cwd: "/", argv: [], notes: [], timeMs: null, outputBytes: 1000 };
const INFO = { type: "file", size: 1, mode: 0o644, uid: 1000, gid: 1000, mtimeMs: 0 };

// An init that the workload has taken over. It can lie about what it runs, and do nothing else.
const EXITED = { exitCode: 0, signal: null, userUs: 1, systemUs: 1, maxRssBytes: 1, marks: [] } as const;

describe("a hostile init", () => {
  let init: FakeInit;
  let live: Live;
  let killed: boolean;

  beforeEach(() => {
    const [transport, inside] = duplexPair();
    init = new FakeInit(inside);
    killed = false;
    const never = new Promise<never>(() => undefined);
    const kill = () => {
      killed = true;
    };
    const asked = () => never;
    const ended: Promise<Ended> = never;
    const launched: Promise<Launched> = never;
    const questions = { stats: asked, evidence: asked, pause: asked, resume: asked };
    live = new Live({ id: "hostile", transport, launched, ended, kill, release: kill, ...questions });
    init.hello();
  });

  it.each([
    ["both an exit code and a signal", { ...EXITED, signal: 9 }],
    ["neither", { ...EXITED, exitCode: null }],
    ["an exit code that no process has", { ...EXITED, exitCode: 256 }],
    ["an exit code as text", { ...EXITED, exitCode: "0" }],
    ["a signal that does not exist", { ...EXITED, exitCode: null, signal: 65 }],
    ["a negative time", { ...EXITED, userUs: -1 }],
    ["moments that are none", { ...EXITED, marks: ["now"] }],
    ["more moments than there are", { ...EXITED, marks: Array.from({ length: 17 }, () => 1) }],
    ["no usage", { exitCode: 0, signal: null }],
    ["fields that init never sends", { ...EXITED, oomKilled: true, stdout: "forged" }],
    ["nothing", {}],
  ])("is ended for a result with %s", async (_, value) => {
    const process = startProcess(
      live,
      execRequest("exec", ["true"], WORKLOAD, {}),
      { buffer: true },
      new Ends("exec", {}),
      1000,
    );
    init.accept(1, { pid: 5 });
    init.result(1, value);
    await expect(process.result).rejects.toMatchObject({ code: "PROTOCOL_VIOLATION" });
    expect(killed).toBe(true);
  });

  it("cannot make a result hold what was never sent, or more than is kept", async () => {
    const process = startProcess(
      live,
      execRequest("exec", ["true"], WORKLOAD, {}),
      { buffer: true },
      new Ends("exec", {}),
      10,
    );
    init.data(1, 1, "0123456789 and more");
    init.data(1, 2, "lost");
    expect((await init.next(Kind.cancel)).stream).toBe(1);
    init.result(1, EXITED);
    expect(await process.result).toEqual({
      exitCode: 0,
      signal: null,
      stdout: "0123456789",
      stderr: "",
      timedOut: false,
      outputTruncated: true,
      notFound: false,
      notExecutable: false,
      durationMs: expect.any(Number),
    });
  });

  it.each([
    ["text that is not JSON", "nonsense\n"],
    ["a name with a slash", line({ name: "../../etc/passwd", ...INFO })],
    ["no name", line({ ...INFO })],
    ["an empty name", line({ name: "", ...INFO })],
    ["a type that there is not", line({ name: "x", ...INFO, type: "portal" })],
    ["a negative size", line({ name: "x", ...INFO, size: -1 })],
    ["a field that nobody knows", line({ name: "x", ...INFO, evil: 1 })],
    ["a line without an end", "x".repeat(65_537)],
  ])("is ended for a directory with %s", async (_, content) => {
    const entries = filesOf(live).list("/");
    entries.catch(() => undefined);
    for (let at = 0; at < content.length; at += 60_000) init.data(1, 1, content.slice(at, at + 60_000));
    await expect(entries).rejects.toMatchObject({ code: "PROTOCOL_VIOLATION" });
    expect(killed).toBe(true);
  });

  it("is ended for file information of another shape", async () => {
    const info = filesOf(live).stat("/");
    init.result(1, { ...INFO, mode: "0644" });
    await expect(info).rejects.toMatchObject({ code: "PROTOCOL_VIOLATION" });
    expect(killed).toBe(true);
  });

  it("cannot fill the memory of the caller that reads a file", async () => {
    const content = filesOf(live).read("/endless", { maxBytes: 100_000 });
    content.catch(() => undefined);
    init.data(1, 1, Buffer.alloc(60_000));
    init.data(1, 1, Buffer.alloc(60_000));
    await expect(content).rejects.toMatchObject({
      code: "FILE_TOO_LARGE",
      fault: "user",
    } satisfies Partial<BulkheadError>);
    await init.next(Kind.cancel);
  });

  it("gives no entry of Object.prototype a new value", async () => {
    const entries = filesOf(live).list("/");
    entries.catch(() => undefined);
    init.data(1, 1, `{"__proto__":{"polluted":true},${line({ name: "x", ...INFO }).slice(1)}`);
    await expect(entries).rejects.toMatchObject({ code: "PROTOCOL_VIOLATION" });
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });
});

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
