/**
 * The database example: PostgreSQL, an application that reaches only its socket, and a backup component that reads the
 * dump and reaches nothing. What an attacker gains in each is what `blast` names.
 */

import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { Level } from "bulkhead";
import { type RunningService, Service } from "bulkhead/services";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  canBuildDebian,
  DEBIAN_IMAGE_MS,
  type DebianImage,
  debianImage,
  hasMmdebstrap,
} from "../support/debian-image.js";
import { forEachLevel, isRequired } from "../support/levels.js";
import type { TemporaryDirectory } from "../support/temporary.js";
import { eventually } from "../support/time.js";
import { attackFrom, expectBlast } from "./support/attacker.js";
import { freePort } from "./support/services.js";
import { stateOf } from "./support/state.js";

const example = fileURLToPath(new URL("../../examples/services/database/", import.meta.url));
const NOTE = `it's "a note"; drop table notes; -- \\ :'text'`;

/** The example's file with other places, its application at this level, and its backup at chroot. */
async function exampleAt(level: Level, port: number, state: string, image: DebianImage): Promise<Service> {
  const text = (await readFile(`${example}bulkhead.yaml`, "utf8"))
    .replace("name: database", `name: database-${process.pid}`)
    .replaceAll("127.0.0.1:8081", `127.0.0.1:${port}`)
    .replaceAll("./state/", `${state}/`)
    .replaceAll("localhost/bulkhead-database", image.name)
    .replace("DUMP_SECONDS: 60", "DUMP_SECONDS: 1")
    .replace(/^ {2}app:.*$/m, `  app:\n    level: ${level}`)
    .replace(/^ {2}backup:.*$/m, "  backup:\n    level: chroot");
  return await Service.parse(text, example);
}

if (canBuildDebian) await forEachLevel(cases);
else {
  it.skipIf(!isRequired("mmdebstrap"))("an image of PostgreSQL (skipped: no mmdebstrap, or no network)", () => {
    throw new Error(hasMmdebstrap ? "BULKHEAD_OFFLINE is set" : "apt-get install mmdebstrap");
  });
}

function cases(level: Level): void {
  let state: TemporaryDirectory;
  let service: Service;
  let running: RunningService;
  let port: number;

  beforeAll(async () => {
    state = await stateOf("database", { data: 2111, dump: 2111, backups: 2112 });
    port = await freePort();
    const image = await debianImage();
    service = await exampleAt(level, port, state.path, image);
    running = await service.up({ images: { store: image.store, pull: "never" } });
  }, DEBIAN_IMAGE_MS);
  afterAll(async () => {
    await running?.down();
    await state?.[Symbol.asyncDispose]();
  });

  const notes = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } });
    return answer.status === 200 ? ((await answer.json()) as readonly string[]) : undefined;
  };
  const run = async (component: string, script: string) =>
    await (await running.exec(component, ["sh", "-c", script], { buffer: true })).result;

  it("keeps what the application stores, as it is", async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: NOTE });
    expect({ status: answer.status, id: (await answer.text()).trim() }).toEqual({ status: 200, id: "1" });
    expect(await notes()).toEqual([NOTE]);
  });

  it("has backups that hold it", async () => {
    const backup = await eventually("there is one", 20_000, async () => {
      const names = (await readdir(state.join("backups"))).filter((name) => name.endsWith(".sql.gz"));
      const texts = await Promise.all(
        names.map(async (name) => gunzipSync(await readFile(state.join("backups", name)))),
      );
      return texts.map(String).find((text) => text.includes("drop table notes"));
    });
    expect(backup).toContain("CREATE TABLE public.notes");
  });

  describe("an attacker", () => {
    it.each(["database", "app", "backup"])("in %s gains what `blast` names, and nothing else", async (name) => {
      const loot = await attackFrom(running, service, name, [5432, 8000, port]);
      expectBlast(service, name, loot, name === "app" ? { listening: ["127.0.0.1:8000"] } : {});
    });

    it("in the application is the application's role, and becomes no other", async () => {
      const psql = `PGPASSWORD=$(cat $APP_PASSWORD_FILE) /usr/lib/postgresql/*/bin/psql -X -At -h sql`;
      const own = await run("app", `${psql} -d app -U app -c 'select current_user, count(*) from notes'`);
      expect(own).toMatchObject({ stdout: "app|1\n", stderr: "" });
      for (const [arguments_, refused] of [
        ["-d app -U postgres -c 'select 1'", /pg_hba.conf rejects/],
        ["-d postgres -U app -c 'select 1'", /pg_hba.conf rejects/],
        ["-d app -U dump -c 'select 1'", /password authentication failed/],
        [`-d app -U app -c "copy notes to program 'id'"`, /must be superuser/],
        [`-d app -U app -c "copy notes from '/data/cluster/dump.password'"`, /must be superuser/],
        [`-d app -U app -c "select pg_read_file('/data/cluster/dump.password')"`, /permission denied/],
        ["-d app -U app -c 'set role pg_read_all_data'", /permission denied/],
      ] as const) {
        const { stdout, stderr } = await run("app", `${psql} ${arguments_}`);
        expect({ arguments_, stdout, stderr }).toEqual({
          arguments_,
          stdout: "",
          stderr: expect.stringMatching(refused),
        });
      }
    });

    it("in the database changes what the backup reads, and the backup nothing of the database's", async () => {
      await run("database", "echo evil >/dump/mark");
      expect((await run("backup", "cat /dump/mark; rm /dump/mark; echo x >/dump/app.dump")).stdout).toBe("evil\n");
      expect((await run("app", "cat /dump/mark")).stderr).toMatch(/No such file/);
      expect((await run("database", "rm /dump/mark && head -c 5 /dump/app.dump")).stdout).toBe("PGDMP");
    });
  });

  it("has no way between components beside the declared ones", async () => {
    const { passed, pairs } = await running.verify();
    expect(pairs.filter(({ status }) => status !== "held")).toEqual([]);
    expect(passed).toBe(true);
  });

  it("loses nothing when the database is killed", async () => {
    await run("database", "kill -9 -1").catch(() => undefined);
    await eventually("it answers again", 60_000, async () => {
      const now = await notes().catch(() => undefined);
      return now?.length === 1;
    });
    expect(await notes()).toEqual([NOTE]);
    expect(running.status().find(({ name }) => name === "database")?.restarts).toBe(1);
  }, 90_000);
}
