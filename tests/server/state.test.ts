import { chown, readFile, rm, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { AuditLog } from "../../packages/server/src/audit/log.js";
import { verifyAudit } from "../../packages/server/src/audit/verify.js";
import { newProject } from "../../packages/server/src/operations/tenancy.js";
import { openState, statePaths } from "../../packages/server/src/state.js";
import { SqliteStore } from "../../packages/server/src/store/sqlite.js";
import { hasSqlite, openDatabase } from "../../packages/server/src/store/sqlite-module.js";
import type { SandboxRow } from "../../packages/server/src/store/store.js";
import { TemporaryDirectory } from "../support/temporary.js";

const title = hasSqlite() ? "" : " (skipped: this Node has no SQLite; `npm test -- --only server` uses one that has)";

function sandbox(id: string, project: string, createdAt: number): SandboxRow {
  const times = { createdAt, expiresAt: createdAt + 1, endedAt: null };
  const kind = { level: "container", template: null, policyDigest: "", reason: null } as const;
  return { id, project, state: "running", ...kind, ...times };
}

async function withStore(use: (store: SqliteStore, directory: TemporaryDirectory) => Promise<void>): Promise<void> {
  await using directory = await TemporaryDirectory.create("state");
  const store = new SqliteStore(directory.join("state.db"));
  try {
    for (const name of ["a", "b"]) await store.addProject(newProject(name, { organisation: "test", name }));
    await use(store, directory);
  } finally {
    await store.close();
  }
}

describe.skipIf(!hasSqlite())(`the audit log${title}`, () => {
  const event = { project: "a", token: null, address: null, target: null, outcome: "ok" };

  async function logged(use: (path: string, lines: string[], store: SqliteStore) => Promise<void>): Promise<void> {
    await withStore(async (store, directory) => {
      const path = directory.join("audit.jsonl");
      const log = await AuditLog.open(path, store);
      await Promise.all(["one", "two", "three", "four"].map((action) => log.append({ ...event, action })));
      await log.close();
      await use(path, (await readFile(path, "utf8")).trimEnd().split("\n"), store);
    });
  }

  const changes: readonly (readonly [string, (lines: string[]) => readonly string[], number])[] = [
    ["removed in the middle", ([a = "", , c = "", d = ""]) => [a, c, d], 2],
    ["removed at the start", ([, ...rest]) => rest, 1],
    ["removed at the end", (lines) => lines.slice(0, 3), 4],
    ["moved", ([a = "", b = "", c = "", d = ""]) => [a, c, b, d], 2],
    ["written twice", ([a = "", b = "", c = "", d = ""]) => [a, b, b, c, d], 3],
    ["changed", (lines) => lines.map((line) => line.replace('"three"', '"3hree"')), 3],
    ["changed in its spaces only", (lines) => lines.map((line) => line.replace('"two",', '"two", ')), 2],
    ["emptied", ([a = "", , c = "", d = ""]) => [a, "", c, d], 2],
    ["all removed", () => [], 1],
  ];

  it.each(changes)("names the line that was %s", async (_, change, line) => {
    await logged(async (path, lines, store) => {
      expect(await verifyAudit(path, await store.auditHead())).toEqual({ lines: 4, broken: null });
      await writeFile(
        path,
        change(lines)
          .map((each) => `${each}\n`)
          .join(""),
      );
      expect((await verifyAudit(path, await store.auditHead())).broken?.line).toBe(line);
    });
  });

  it("that was written anew as a whole, with hashes that fit, is found by the store's last hash", async () => {
    await logged(async (path, _, store) => {
      await withStore(async (other, directory) => {
        const forged = await AuditLog.open(directory.join("forged.jsonl"), other);
        for (const action of ["1", "2", "3", "4"]) await forged.append({ ...event, action });
        await forged.close();
        await writeFile(path, await readFile(directory.join("forged.jsonl")));
      });
      expect((await verifyAudit(path, await store.auditHead())).broken?.line).toBe(4);
      await expect(AuditLog.open(path, store)).rejects.toMatchObject({ code: "AUDIT_BROKEN" });
    });
  });

  it("that is not there any longer has lost its first line", async () => {
    await logged(async (path, _, store) => {
      await rm(path);
      expect((await verifyAudit(path, await store.auditHead())).broken?.line).toBe(1);
    });
  });

  it("is whole while a server appends to it, and not with lines that the store never learns of", async () => {
    await logged(async (path, _, store) => {
      const before = await store.auditHead();
      const log = await AuditLog.open(path, store);
      for (const action of ["five", "six", "seven"]) await log.append({ ...event, action });
      await log.close();
      const later = async () => await store.auditHead();
      expect(await verifyAudit(path, before, later)).toEqual({ lines: 7, broken: null });
      expect((await verifyAudit(path, before)).broken?.line).toBe(6);
    });
  });

  it("continues after a crash between the line and the store", async () => {
    await logged(async (path, _, store) => {
      const head = await store.auditHead();
      const log = await AuditLog.open(path, store);
      await log.append({ ...event, action: "five" });
      await log.close();
      if (head !== undefined) await store.setAuditHead(head);
      const again = await AuditLog.open(path, store);
      await again.append({ ...event, action: "six" });
      await again.close();
      expect(await verifyAudit(path, await store.auditHead())).toEqual({ lines: 6, broken: null });
    });
  });
});

describe.skipIf(!hasSqlite())(`the store${title}`, () => {
  it("shows a project only its own rows", async () => {
    await withStore(async (store) => {
      await store.addSandbox(sandbox("s", "a", 1));
      expect([await store.sandbox("b", "s"), (await store.sandbox("a", "s"))?.id]).toEqual([undefined, "s"]);
      expect(await store.sandboxes("b", { limit: 10, after: null }, null)).toEqual([]);
    });
  });

  it("pages through rows of one moment, each once", async () => {
    await withStore(async (store) => {
      for (const id of ["p", "q", "r"]) await store.addSandbox(sandbox(id, "a", 7));
      const first = await store.sandboxes("a", { limit: 2, after: null }, null);
      const rest = await store.sandboxes("a", { limit: 2, after: { createdAt: 7, id: first[1]?.id ?? "" } }, null);
      expect([...first, ...rest].map(({ id }) => id)).toEqual(["r", "q", "p"]);
    });
  });

  it("keeps the first end of a sandbox", async () => {
    await withStore(async (store) => {
      await store.addSandbox(sandbox("s", "a", 1));
      await store.endSandbox("s", "expired", 2, "TIMED_OUT");
      await store.endSandbox("s", "ended", 3, "killed");
      expect(await store.sandbox("a", "s")).toMatchObject({ state: "expired", endedAt: 2, reason: "TIMED_OUT" });
    });
  });

  it("lets one request have a key of its project, and knows that an earlier process had it", async () => {
    await withStore(async (store, directory) => {
      expect(await store.claimKey("a", "key", "digest", 1)).toBeUndefined();
      expect(await store.claimKey("b", "key", "digest", 1)).toBeUndefined();
      expect(await store.claimKey("a", "key", "digest", 2)).toMatchObject({ outcome: null, ours: true });
      const later = new SqliteStore(directory.join("state.db"));
      expect(await later.claimKey("a", "key", "digest", 3)).toMatchObject({ outcome: null, ours: false });
      await later.close();
      await store.completeKey("a", "key", 200, "{}");
      expect((await store.claimKey("a", "key", "digest", 4))?.outcome).toEqual({ status: 200, body: "{}" });
      await store.forgetKeysBefore(2);
      expect(await store.claimKey("a", "key", "digest", 5)).toBeUndefined();
      // One in progress stays, however long it takes.
      await store.forgetKeysBefore(100);
      expect(await store.claimKey("a", "key", "digest", 6)).toMatchObject({ outcome: null, ours: true });
    });
  });

  it.skipIf(process.getuid?.() !== 0)("of another user is refused to root (skipped: needs root)", async () => {
    await using directory = await TemporaryDirectory.create("owner");
    await chown(directory.path, 1000, 1000);
    expect(() => openState(statePaths(directory.path))).toThrow("another user owns it");
  });

  it("forgets the tokens of a project that have ended, and no others", async () => {
    await withStore(async (store) => {
      const made = { name: "t", scopes: ["sandboxes:read"], hash: Buffer.alloc(32), createdAt: 1 } as const;
      const ends = { lasting: [null, null], later: [9, null], expired: [2, null], revoked: [null, 2] } as const;
      for (const [id, [expiresAt, revokedAt]] of Object.entries(ends)) {
        for (const project of ["a", "b"]) {
          await store.addToken({ ...made, project, id: `${project}-${id}`, expiresAt, revokedAt });
        }
      }
      await store.forgetEndedTokens("a", 5);
      expect((await store.tokens("a")).map(({ id }) => id).sort()).toEqual(["a-lasting", "a-later"]);
      expect(await store.tokens("b")).toHaveLength(4);
    });
  });

  it("refuses a database of a later version", async () => {
    await withStore(async (_, directory) => {
      const database = openDatabase(directory.join("later.db"));
      database.exec("PRAGMA user_version = 1000");
      database.close();
      expect(() => new SqliteStore(directory.join("later.db"))).toThrow("a later version");
    });
  });
});
