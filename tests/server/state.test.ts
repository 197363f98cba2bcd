import { chmod, chown, stat, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { choosePolicy } from "../../packages/server/src/operations/choice.js";
import { Templates } from "../../packages/server/src/operations/templates.js";
import { openState, readStore, statePaths } from "../../packages/server/src/state.js";
import { SqliteStore } from "../../packages/server/src/store/sqlite.js";
import { hasSqlite, openDatabase } from "../../packages/server/src/store/sqlite-module.js";
import type { SandboxRow } from "../../packages/server/src/store/store.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { withStore } from "./support/store.js";

const title = hasSqlite() ? "" : " (skipped: this Node has no SQLite; `npm test -- --only server` uses one that has)";

function sandbox(id: string, project: string, createdAt: number): SandboxRow {
  const times = { createdAt, expiresAt: createdAt + 1, endedAt: null };
  const kind = { level: "container", template: null, policyDigest: "", reason: null } as const;
  return { id, project, state: "running", ...kind, ...times };
}

describe.skipIf(!hasSqlite())(`the store${title}`, () => {
  it("shows a project only its own rows", async () => {
    await withStore(async (store) => {
      await store.addSandbox(sandbox("s", "a", 1));
      expect([await store.sandbox("b", "s"), (await store.sandbox("a", "s"))?.id]).toEqual([undefined, "s"]);
      expect(await store.sandboxes("b", { limit: 10, after: null }, null)).toEqual([]);
    });
  });

  it("gives way to a template that the operator added later under the name of a project's", async () => {
    await withStore(async (store, directory) => {
      const project = await store.project("a");
      if (project === undefined) throw new Error("there is no project");
      const caller = { project, token: "t", expiresAt: null, address: "::1", scopes: [] };
      await store.putTemplate({ project: "a", name: "same", policy: { hostname: "tenant" }, pool: 2, createdAt: 1 });
      const chosen = async (templates: Templates) =>
        await choosePolicy({ store, templates }, caller, { template: "same" }, "run");
      expect(await chosen(await Templates.load(null))).toMatchObject({ policy: { hostname: "tenant" } });
      await writeFile(directory.join("same.yaml"), "hostname: operator\n");
      const after = await chosen(await Templates.load(directory.path));
      expect(after).toMatchObject({ policy: { hostname: "operator" }, pool: null });
    });
  });

  it("counts and lists a project's templates without their policies", async () => {
    await withStore(async (store) => {
      for (const [project, name] of [
        ["a", "x"],
        ["a", "y"],
        ["b", "x"],
      ] as const) {
        await store.putTemplate({ project, name, policy: { hostname: name }, pool: 1, createdAt: 1 });
      }
      expect(await store.templates("a")).toEqual(["x", "y"].map((name) => ({ name, pool: 1, createdAt: 1 })));
      expect([await store.countOtherTemplates("a", "x"), await store.countOtherTemplates("a", "z")]).toEqual([1, 2]);
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

  it("removes what ended before a time, with the executions of what it removes, and nothing that runs", async () => {
    await withStore(async (store) => {
      const execution = { project: "a", state: "running", createdAt: 1, endedAt: null, result: null } as const;
      for (const id of ["runs", "old", "new"]) {
        await store.addSandbox(sandbox(id, "a", 1));
        await store.addExecution({ ...execution, id: `in-${id}`, sandbox: id });
        await store.addExecution({ ...execution, id: `done-${id}`, sandbox: id });
        await store.endExecution(`done-${id}`, "ended", 5, null);
      }
      await store.endSandbox("old", "ended", 5, null);
      await store.endSandbox("new", "ended", 50, null);
      await store.forgetEndedBefore(10);
      const left = async () => {
        const rows = await store.sandboxes("a", { limit: 10, after: null }, null);
        const found = ["runs", "old", "new"].flatMap((id) => [`in-${id}`, `done-${id}`].map((name) => [id, name]));
        const programs = await Promise.all(found.map(([id = "", name = ""]) => store.execution("a", id, name)));
        return [rows.map(({ id }) => id), programs.flatMap((row) => (row === undefined ? [] : [row.id]))];
      };
      expect(await left()).toEqual([
        ["runs", "new"],
        ["in-runs", "in-new"],
      ]);
      // A running one may be older than the newest that have ended.
      await store.forgetEndedBeyond(0);
      expect(await left()).toEqual([["runs"], ["in-runs"]]);
    });
  });

  it("keeps of each project the newest rows that have ended", async () => {
    await withStore(async (store) => {
      for (const project of ["a", "b"]) {
        for (const at of [1, 2, 3]) {
          await store.addSandbox(sandbox(`${project}${at}`, project, at));
          await store.endSandbox(`${project}${at}`, "ended", at, null);
        }
      }
      await store.forgetEndedBeyond(2);
      for (const project of ["a", "b"]) {
        const rows = await store.sandboxes(project, { limit: 10, after: null }, null);
        expect(rows.map(({ id }) => id)).toEqual([`${project}3`, `${project}2`]);
      }
    });
  });

  it("opened to read changes nothing, and not one of another version", async () => {
    await withStore(async (_, directory) => {
      const paths = statePaths(directory.path);
      const reader = readStore(paths);
      expect(await reader.project("a")).toMatchObject({ id: "a" });
      await expect(reader.setAuditSynced(1)).rejects.toThrow("readonly");
      await reader.close();
      const database = openDatabase(paths.database);
      database.exec("PRAGMA user_version = 1");
      database.close();
      expect(() => readStore(paths)).toThrow("another version");
    });
  });

  it.each([0o755, 0o710, 0o702])(
    "in a directory that others can use (mode %o) is refused, which stays",
    async (mode) => {
      await using directory = await TemporaryDirectory.create("open");
      await chmod(directory.path, mode);
      expect(() => openState(statePaths(directory.path))).toThrow("chmod 700");
      expect((await stat(directory.path)).mode & 0o777).toBe(mode);
    },
  );

  it("refuses a database of a later version", async () => {
    await withStore(async (_, directory) => {
      const database = openDatabase(directory.join("later.db"));
      database.exec("PRAGMA user_version = 1000");
      database.close();
      expect(() => new SqliteStore(directory.join("later.db"))).toThrow("a later version");
    });
  });
});
