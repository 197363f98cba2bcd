// Makes the cluster at the first start: complete, or not at all.
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { run } from "./programs.mjs";

export const CLUSTER = "/data/cluster";
const UNFINISHED = "/data/unfinished";
const SUPERUSER = "/tmp/superuser";
const DUMP_PASSWORD = `${CLUSTER}/dump.password`;

/** Everybody needs a password, and the superuser's is thrown away: clients of the channel all look alike to it. */
const ACCESS = ["local app app scram-sha-256", "local app dump scram-sha-256", "local all all reject", ""].join("\n");

export async function ensureCluster(program) {
  if (existsSync(CLUSTER)) return;
  await rm(UNFINISHED, { recursive: true, force: true });
  const settings = ["-A", "scram-sha-256", `--pwfile=${SUPERUSER}`, "-U", "postgres", "--locale=C", "--encoding=UTF8"];
  await writeFile(SUPERUSER, `${randomBytes(24).toString("hex")}\n`, { mode: 0o600 });
  await run(program("initdb"), ["-D", UNFINISHED, ...settings]).finally(() => rm(SUPERUSER));
  const dump = randomBytes(24).toString("hex");
  const sql = [
    `create role app login password '${appPassword()}'`,
    `create role dump login bypassrls password '${dump}'`,
    "grant pg_read_all_data to dump",
    "create database app owner app",
    "revoke all on database app from public",
    "grant connect on database app to dump",
  ];
  // Before any socket exists: each line is one statement.
  const single = ["--single", "-D", UNFINISHED, "-c", "exit_on_error=true", "postgres"];
  await run(program("postgres"), single, { input: `${sql.join("\n")}\n` });
  await writeDurably(`${UNFINISHED}/dump.password`, dump);
  await writeDurably(`${UNFINISHED}/pg_hba.conf`, ACCESS);
  await rename(UNFINISHED, CLUSTER);
  await sync("/data");
}

/** Debian's Node does not know the option `flush`. */
async function writeDurably(path, text) {
  await writeFile(path, text, { mode: 0o600 });
  await sync(path);
}

async function sync(path) {
  const file = await open(path, "r");
  await file.sync().finally(() => file.close());
}

export async function dumpPassword() {
  return await readFile(DUMP_PASSWORD, "utf8");
}

/** It becomes part of a statement. */
function appPassword() {
  const password = readFileSync(process.env.APP_PASSWORD_FILE, "utf8").trim();
  if (!/^[A-Za-z0-9]{8,64}$/.test(password)) throw new Error("APP_PASSWORD must be 8 to 64 letters and digits");
  return password;
}
