import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Kind } from "../../src/channel/protocol.js";
import { BulkheadError } from "../../src/errors/bulkhead-error.js";
import type { Plan } from "../../src/plan/schema.js";
import { WriteBack } from "../../src/sandbox/write-back/write-back.js";
import { Live } from "../../src/session/live.js";
import { duplexPair } from "../support/duplex-pair.js";
import { FakeInit } from "../support/fake-init.js";

const INFO = { type: "file", size: 1, mode: 0o644, uid: 1000, gid: 1000, mtimeMs: 0, ctimeUs: 1 };

describe("writing back through a channel whose other end is hostile", () => {
  let directory: string;
  let init: FakeInit;
  let live: Live;
  let killed: boolean;
  let writeBack: WriteBack;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "bulkhead-write-back-"));
    await writeFile(join(directory, "file"), "host");
    const [transport, inside] = duplexPair();
    init = new FakeInit(inside);
    killed = false;
    const kill = () => {
      killed = true;
    };
    const never = new Promise<never>(() => undefined);
    const asked = () => never;
    const questions = { stats: asked, evidence: asked, pause: asked, resume: asked };
    live = new Live({ id: "hostile", transport, launched: never, ended: never, kill, release: kill, ...questions });
    init.hello();
    const mount = { kind: "bind", source: directory, at: "/out", readOnly: false, exec: true, owner: null };
    const made = await WriteBack.of({ mounts: [mount] } as unknown as Plan, 1000);
    if (made === null) throw new Error("there is a writable directory");
    writeBack = made;
  });
  afterEach(async () => {
    expect(await readdir(directory), "the host's directory is as it was").toEqual(["file"]);
    await rm(directory, { recursive: true });
  });

  /** Answers the next `list` with one file of this name. */
  async function answer(name: string, info: object = INFO): Promise<void> {
    const { stream } = await init.next(Kind.request);
    init.data(stream, 1, `${JSON.stringify({ name, ...info })}\n`);
    init.result(stream, { entries: 1 });
  }

  it.each([
    ["..", "WRITE_BACK_FAILED"],
    ["../file", "PROTOCOL_VIOLATION"],
    ["", "PROTOCOL_VIOLATION"],
  ])("a name like %j ends the sandbox before anything runs in it", async (name, code) => {
    const begun = writeBack.begin(live);
    begun.catch(() => undefined);
    await answer(name);
    await expect(begun).rejects.toMatchObject({ code });
    expect(killed).toBe(true);
  });

  it.each([
    ["more content than there can be", Buffer.alloc(2000, "x")],
    ["holes without end", Buffer.alloc(64 * 1000 + 1)],
  ])("%s ends it, and nothing was written", async (_, content) => {
    const begun = writeBack.begin(live);
    await answer("file");
    await begun;
    const written = writeBack.write(live);
    written.catch(() => undefined);
    await answer("file", { ...INFO, ctimeUs: 2 });
    const { stream } = await init.next(Kind.request);
    init.data(stream, 1, content);
    await expect(written).rejects.toMatchObject({ code: "WRITE_BACK_FAILED" });
  });

  it("an end in the midst of a file says that it is lost", async () => {
    const begun = writeBack.begin(live);
    await answer("file");
    await begun;
    const written = writeBack.write(live);
    written.catch(() => undefined);
    await answer("file", { ...INFO, ctimeUs: 2 });
    const { stream } = await init.next(Kind.request);
    init.data(stream, 1, "half");
    live.kill(new BulkheadError("SANDBOX_LOST", { operation: "channel" }));
    await expect(written).rejects.toMatchObject({ code: "WRITE_BACK_LOST" });
  });
});
