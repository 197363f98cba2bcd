import { appendFile, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { lineOf, readLine } from "../../packages/server/src/audit/chain.js";
import { AuditLog } from "../../packages/server/src/audit/log.js";
import { isDenial, Refusals } from "../../packages/server/src/audit/refusals.js";
import { verifyAudit } from "../../packages/server/src/audit/verify.js";
import type { SqliteStore } from "../../packages/server/src/store/sqlite.js";
import { hasSqlite } from "../../packages/server/src/store/sqlite-module.js";
import { withStore } from "./support/store.js";

const title = hasSqlite() ? "" : " (skipped: this Node has no SQLite; `npm test -- --only server` uses one that has)";

const event = { project: "a", token: null, address: null, target: null, outcome: "ok" };
const [BOOT, LATER] = ["boot-1", "boot-2"];

/** A log of this many lines, whose server was stopped. */
async function logged(
  count: number,
  use: (path: string, lines: string[], store: SqliteStore) => Promise<void>,
  fileBytes?: number,
): Promise<void> {
  await withStore(async (store, directory) => {
    const path = directory.join("audit.jsonl");
    await append(path, store, count, fileBytes);
    await use(path, (await readFile(path, "utf8")).trimEnd().split("\n"), store);
  });
}

async function append(path: string, store: SqliteStore, count: number, fileBytes?: number): Promise<void> {
  const log = await AuditLog.open(path, store, { boot: BOOT, ...(fileBytes === undefined ? {} : { fileBytes }) });
  await Promise.all(Array.from({ length: count }, (_, index) => log.append({ ...event, action: `step ${index + 1}` })));
  await log.close();
}

const textOf = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");
const verdictOf = async (path: string, store: SqliteStore) => await verifyAudit(path, await store.auditChain());

describe.skipIf(!hasSqlite())(`the audit log${title}`, () => {
  const changes: readonly (readonly [string, (lines: string[]) => readonly string[], number])[] = [
    ["removed in the middle", ([a = "", , c = "", d = ""]) => [a, c, d], 2],
    ["removed at the start", ([, ...rest]) => rest, 1],
    ["removed at the end", (lines) => lines.slice(0, 3), 4],
    ["moved", ([a = "", b = "", c = "", d = ""]) => [a, c, b, d], 2],
    ["written twice", ([a = "", b = "", c = "", d = ""]) => [a, b, b, c, d], 3],
    ["changed", (lines) => lines.map((line) => line.replace('"step 3"', '"Step 3"')), 3],
    ["changed in its spaces only", (lines) => lines.map((line) => line.replace('"step 2",', '"step 2", ')), 2],
    ["emptied", ([a = "", , c = "", d = ""]) => [a, "", c, d], 2],
    ["given another end", (lines) => lines.map((line, index) => (index === 1 ? `${line}\r` : line)), 2],
    ["all removed", () => [], 1],
  ];

  it("ignores a line that a server has not written to its end, and no other", async () => {
    await logged(3, async (path, lines, store) => {
      await appendFile(path, '{"project":"a","tok');
      expect(await verdictOf(path, store)).toEqual({ lines: 3, broken: null });
      await writeFile(path, textOf(lines).slice(0, -1));
      expect((await verdictOf(path, store)).broken?.line).toBe(3);
    });
  });

  it.each(changes)("names the line that was %s, and does not start", async (_, change, line) => {
    await logged(4, async (path, lines, store) => {
      expect(await verdictOf(path, store)).toEqual({ lines: 4, broken: null });
      await writeFile(path, textOf(change(lines)));
      expect((await verdictOf(path, store)).broken?.line).toBe(line);
      if (line < 4) return;
      await expect(AuditLog.open(path, store, { boot: LATER })).rejects.toMatchObject({ code: "AUDIT_BROKEN" });
    });
  });

  it("that was written anew as a whole, with hashes that fit, is found", async () => {
    await logged(4, async (path, _, store) => {
      await withStore(async (other, directory) => {
        await append(directory.join("forged.jsonl"), other, 4);
        await writeFile(path, await readFile(directory.join("forged.jsonl")));
      });
      expect((await verdictOf(path, store)).broken?.line).toBe(1);
      await expect(AuditLog.open(path, store, { boot: LATER })).rejects.toMatchObject({ code: "AUDIT_BROKEN" });
    });
  });

  it("that is not there any longer has lost its first line", async () => {
    await logged(4, async (path, _, store) => {
      await rm(path);
      expect((await verdictOf(path, store)).broken?.line).toBe(1);
      await expect(AuditLog.open(path, store, { boot: LATER })).rejects.toMatchObject({ code: "AUDIT_BROKEN" });
    });
  });

  it("has no line beyond the store's that only fits: the server's key is missing", async () => {
    await logged(4, async (path, lines, store) => {
      const { head } = await store.auditChain();
      const entry = { seq: 5, at: new Date().toISOString(), ...event, action: "forged", prev: head.hash };
      const { line } = lineOf(entry, Buffer.alloc(32));
      await writeFile(path, textOf([...lines, line]));
      expect((await verdictOf(path, store)).broken?.line).toBe(5);
      await expect(AuditLog.open(path, store, { boot: BOOT })).rejects.toMatchObject({ code: "AUDIT_BROKEN" });
    });
  });

  it("is whole while a server appends to it", async () => {
    await logged(4, async (path, _, store) => {
      const before = await store.auditChain();
      await append(path, store, 3);
      expect(await verifyAudit(path, before)).toEqual({ lines: 7, broken: null });
    });
  });
});

describe.skipIf(!hasSqlite())(`the audit log after a crash${title}`, () => {
  it("between the line and the store continues after the line", async () => {
    await logged(4, async (path, _, store) => {
      const { head } = await store.auditChain();
      await append(path, store, 1);
      await store.setAuditHead(head);
      await append(path, store, 1);
      expect(await verdictOf(path, store)).toEqual({ lines: 6, broken: null });
    });
  });

  it("within a line continues before the line", async () => {
    await logged(4, async (path, lines, store) => {
      await writeFile(path, `${textOf(lines)}{"seq":`);
      await append(path, store, 1);
      expect(await verdictOf(path, store)).toEqual({ lines: 5, broken: null });
    });
  });

  it("of the server alone cannot have taken lines, nor have left several", async () => {
    await logged(6, async (path, lines, store) => {
      const chain = await store.auditChain();
      await store.setAuditSynced(3);
      await writeFile(path, textOf(lines.slice(0, 4)));
      await expect(AuditLog.open(path, store, { boot: BOOT })).rejects.toMatchObject({ code: "AUDIT_BROKEN" });
      await writeFile(path, textOf(lines));
      await store.setAuditHead({ seq: 4, hash: hashAt(lines, 3, chain.key) });
      await expect(AuditLog.open(path, store, { boot: BOOT })).rejects.toMatchObject({ code: "AUDIT_BROKEN" });
    });
  });

  const cuts: readonly (readonly [string, (lines: string[]) => string])[] = [
    ["is gone", (lines) => textOf(lines.slice(0, 4))],
    ["is half a line", (lines) => textOf(lines.slice(0, 4)) + lines[4]?.slice(0, 20)],
    ["is zeros", (lines) => textOf(lines.slice(0, 4)) + "\0".repeat(300)],
    ["has a hole", (lines) => textOf([...lines.slice(0, 4), "\0".repeat(100), lines[5] ?? ""])],
  ];

  it.each(cuts)("of the machine whose end %s continues, says so, and lost no line that was synced", async (_, cut) => {
    await logged(6, async (path, lines, store) => {
      await store.setAuditSynced(3);
      await writeFile(path, cut(lines));
      await (await AuditLog.open(path, store, { boot: LATER })).close();
      const last = JSON.parse((await readFile(path, "utf8")).trimEnd().split("\n").at(-1) ?? "");
      expect(last).toMatchObject({ seq: 5, action: "audit.recover", outcome: "LINES_LOST", count: 2 });
      expect(await verdictOf(path, store)).toEqual({ lines: 5, broken: null });
      // What was lost can be lost once.
      await writeFile(path, textOf(lines.slice(0, 4)));
      await expect(AuditLog.open(path, store, { boot: LATER })).rejects.toMatchObject({ code: "AUDIT_BROKEN" });
    });
  });

  it("of the machine that took a line which was synced is no crash", async () => {
    await logged(6, async (path, lines, store) => {
      await store.setAuditSynced(5);
      await writeFile(path, textOf(lines.slice(0, 4)));
      await expect(AuditLog.open(path, store, { boot: LATER })).rejects.toMatchObject({ code: "AUDIT_BROKEN" });
    });
  });

  it("of the machine that took the store's changes continues after the log's last line", async () => {
    await logged(6, async (path, lines, store) => {
      const { key } = await store.auditChain();
      await store.setAuditHead({ seq: 3, hash: hashAt(lines, 2, key) });
      await store.setAuditSynced(2);
      const log = await AuditLog.open(path, store, { boot: LATER });
      await log.append({ ...event, action: "after" });
      await log.close();
      expect(await verdictOf(path, store)).toEqual({ lines: 7, broken: null });
    });
  });

  it("tells the store what the disk has, once a second and at the end", async () => {
    await logged(2, async (path, _, store) => {
      expect((await store.auditChain()).synced).toBe(2);
      const log = await AuditLog.open(path, store, { boot: BOOT });
      await log.append({ ...event, action: "three" });
      await expect.poll(async () => (await store.auditChain()).synced, { timeout: 20_000 }).toBe(3);
      await log.close();
    });
  });
});

function hashAt(lines: readonly string[], index: number, key: Uint8Array): string {
  return readLine(lines[index] ?? "", key)?.hash ?? "";
}

describe.skipIf(!hasSqlite())(`full files of the audit log${title}`, () => {
  const rotated = async (path: string) =>
    (await readdir(path.replace(/[^/]+$/, ""))).filter((name) => /^audit-\d{12}\.jsonl$/.test(name)).sort();

  it("carry the chain over, and verify finds a change, a removal and a swap in each", async () => {
    const use = async (path: string, _: string[], store: SqliteStore) => {
      const names = await rotated(path);
      expect(names.length).toBeGreaterThan(2);
      expect(names[0]).toBe("audit-000000000001.jsonl");
      expect(await verdictOf(path, store)).toEqual({ lines: 20, broken: null });
      for (const name of names) {
        const file = path.replace("audit.jsonl", name);
        const whole = await readFile(file, "utf8");
        const first = Number(name.slice(6, 18));
        await writeFile(file, whole.replace("step", "Step"));
        expect((await verdictOf(path, store)).broken?.line).toBe(first);
        await writeFile(file, whole.split("\n").slice(0, -2).join("\n").concat("\n"));
        expect((await verdictOf(path, store)).broken?.line).toBe(first + whole.split("\n").length - 2);
        await writeFile(file, "");
        expect((await verdictOf(path, store)).broken?.line).toBe(first);
        await rm(file);
        expect((await verdictOf(path, store)).broken?.line).toBe(first);
        await writeFile(file, whole);
      }
      await append(path, store, 1, 1000);
      expect(await verdictOf(path, store)).toEqual({ lines: 21, broken: null });
    };
    await logged(20, use, 1000);
  });

  it("survive a crash between their new name and the first line of the next", async () => {
    await logged(4, async (path, _, store) => {
      await rename(path, path.replace("audit.jsonl", "audit-000000000001.jsonl"));
      await append(path, store, 2);
      expect(await verdictOf(path, store)).toEqual({ lines: 6, broken: null });
    });
  });

  it("are removed by age, and what is left continues what the store kept of them", async () => {
    const use = async (path: string, _: string[], store: SqliteStore) => {
      const before = await rotated(path);
      const log = await AuditLog.open(path, store, { boot: BOOT, fileBytes: 1000 });
      await log.prune(0);
      expect(await rotated(path)).toEqual(before);
      await log.prune(Date.now() + 1000);
      await log.append({ ...event, action: "after" });
      await log.close();
      const { base, head } = await store.auditChain();
      expect(base.seq).toBeGreaterThanOrEqual(Number(before.at(-1)?.slice(6, 18)));
      expect(await verdictOf(path, store)).toEqual({ lines: head.seq - base.seq, broken: null });
      expect(await readFile(path, "utf8")).toContain('"audit.prune"');
      await append(path, store, 1);
      const lines = (await readFile(path, "utf8")).split("\n");
      await writeFile(path, lines.slice(1).join("\n"));
      expect((await verdictOf(path, store)).broken).not.toBeNull();
    };
    await logged(20, use, 1000);
  });
});

describe("refusals", () => {
  it("are one line for each token, address and code, and bounded", async () => {
    const lines: object[] = [];
    const refusals = new Refusals(
      async (line) => {
        lines.push(line);
      },
      () => undefined,
    );
    const who = { project: "a", token: "t", address: "127.0.0.1" };
    for (let count = 0; count < 3; count += 1) refusals.count(who, "QUOTA_EXCEEDED");
    refusals.count(who, "FLOOR_VIOLATED");
    expect(isDenial("API_NOT_FOUND")).toBe(false);
    await refusals.flush();
    const about = { ...who, action: "request.refuse", target: null };
    expect(lines).toEqual([
      { ...about, outcome: "QUOTA_EXCEEDED", count: 3 },
      { ...about, outcome: "FLOOR_VIOLATED", count: 1 },
    ]);
    for (let count = 0; count < 5000; count += 1) {
      refusals.count({ project: null, token: null, address: `10.0.${count >> 8}.${count & 255}` }, "TOKEN_REFUSED");
    }
    await refusals.close();
    expect(lines).toHaveLength(2 + 1001);
    expect(lines.at(-1)).toMatchObject({ address: null, count: 4000 });
  });
});
