import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { run } from "bulkhead";
import { formatEnvelope, openPublicKey, openRecordKey, verifyRecord } from "bulkhead/record";
import { afterAll, beforeAll, expect, test } from "vitest";
import { forEachLevel } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";

let directory: TemporaryDirectory;
beforeAll(async () => {
  directory = await TemporaryDirectory.create("records");
  process.env["BULKHEAD_STATE"] = directory.join("state");
});
afterAll(() => directory[Symbol.asyncDispose]());

await forEachLevel((level) => {
  test("says what was in force, as the broker saw it, and how it ended", async () => {
    const to = directory.join(`${level}.json`);
    const { record, enforcement } = await run(["sh", "-c", "exit 3"], { level }, { record: { to } });
    const statement = verifyRecord(await readFile(to, "utf8"), openPublicKey());
    expect(statement.predicate).toMatchObject({ level, enforcement, result: { exitCode: 3, signal: null } });
    expect(statement.predicate.evidence.init.seccomp).toBe(2);
    expect(statement.predicate.evidence.verdict.inForce).toContain("seccomp");
    expect(statement.predicate.evidence.verdict.contradicted).toEqual([]);
    expect(statement.subject.map(({ name }) => name)).toEqual(["plan", "policy", "argv", "warden"]);
    expect(Date.parse(statement.predicate.endedAt)).toBeGreaterThanOrEqual(Date.parse(statement.predicate.startedAt));
    if (record === null) throw new Error("no record");
    expect(formatEnvelope(record)).toBe(await readFile(to, "utf8"));
  });

  test("a change of any byte is noticed", async () => {
    const { record } = await run(["true"], { level }, { record: {} });
    if (record === null) throw new Error("no record");
    const bytes = Buffer.from(formatEnvelope(record));
    const key = openPublicKey();
    expect(verifyRecord(bytes.toString(), key).predicate.level).toBe(level);
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 7));
      expect(() => verifyRecord(changed.toString("latin1"), key)).toThrow(
        expect.objectContaining({ code: "RECORD_INVALID" }),
      );
      const cut = bytes.subarray(0, at).toString();
      expect(() => verifyRecord(cut, key)).toThrow(expect.objectContaining({ code: "RECORD_INVALID" }));
    }
    expect(() => verifyRecord(` ${bytes.toString()}`, key)).toThrow();
  });

  test("goes into a directory under the sandbox's name", async () => {
    const to = directory.join(`in-${level}`);
    await mkdir(to);
    await run(["true"], { level }, { record: { to } });
    const [name = ""] = await readdir(to);
    const text = await readFile(`${to}/${name}`, "utf8");
    expect(name).toBe(`${verifyRecord(text, openPublicKey()).predicate.id}.json`);
  });
});

test("the key is made once, for its owner alone, and not used when others can read it", async () => {
  const first = openRecordKey();
  expect(openRecordKey().id).toBe(first.id);
  const path = directory.join("state/record-key.pem");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const open = directory.join("open.pem");
  await writeFile(open, first.privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o644 });
  expect(() => openRecordKey(open)).toThrow(expect.objectContaining({ code: "RECORD_KEY_INVALID" }));
  await expect(run(["true"], {}, { record: { key: open } })).rejects.toMatchObject({ code: "RECORD_KEY_INVALID" });
});

test("another key does not verify it", async () => {
  const { record } = await run(["true"], {}, { record: {} });
  if (record === null) throw new Error("no record");
  process.env["BULKHEAD_STATE"] = directory.join("other");
  const other = openPublicKey();
  process.env["BULKHEAD_STATE"] = directory.join("state");
  expect(() => verifyRecord(formatEnvelope(record), other)).toThrow(
    expect.objectContaining({ code: "RECORD_INVALID" }),
  );
  expect(other.id).not.toBe(openPublicKey().id);
});

test("a record that cannot be written is an error, though the run is over", async () => {
  await expect(run(["true"], {}, { record: { to: directory.join("missing/x.json") } })).rejects.toMatchObject({
    code: "RECORD_NOT_WRITTEN",
  });
});
