// Turns each new dump into SQL, which proves that it can be restored, and keeps it compressed. It reaches nothing: a
// dump that attacks pg_restore gains the backups and no way out.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync, readdirSync, statSync } from "node:fs";
import { open, readdir, rename, rm } from "node:fs/promises";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { createGzip } from "node:zlib";

const DUMP = "/dump/app.dump";
const BACKUPS = "/backups";
const UNFINISHED = `${BACKUPS}/unfinished`;
const KEPT = 14;
const LOOK_MS = 1_000;

const VERSIONS = "/usr/lib/postgresql";
const newest = readdirSync(VERSIONS).sort((one, other) => Number(other) - Number(one))[0];

process.on("SIGTERM", () => process.exit(0));

let last = 0;
for (;;) {
  const changed = existsSync(DUMP) ? statSync(DUMP).mtimeMs : 0;
  if (changed !== last) {
    last = changed;
    await backup().catch((error) => console.error(`no backup: ${error.message}`));
  }
  await sleep(LOOK_MS);
}

async function backup() {
  const restore = spawn(`${VERSIONS}/${newest}/bin/pg_restore`, ["--file=-"], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve, reject) => {
    restore.on("error", reject);
    restore.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`pg_restore ended with ${code}`))));
  });
  const hash = createHash("sha256");
  const read = new Transform({
    transform(piece, _, done) {
      // A random word, new each time, with which psql guards itself against the dump.
      hash.update(piece.toString("latin1").replaceAll(/^\\(un)?restrict \S+$/gm, ""), "latin1");
      done(null, piece);
    },
  });
  const fed = pipeline(createReadStream(DUMP), restore.stdin);
  const kept = pipeline(restore.stdout, read, createGzip(), createWriteStream(UNFINISHED, { mode: 0o600 }));
  await Promise.all([fed, kept, ended]);
  const file = await open(UNFINISHED, "r");
  await file.sync().finally(() => file.close());
  await keep(hash.digest("hex").slice(0, 16));
}

/** Data that did not change has its backup already. */
async function keep(digest) {
  const names = (await readdir(BACKUPS)).filter((name) => name.endsWith(".sql.gz")).sort();
  if (names.at(-1)?.includes(digest)) return await rm(UNFINISHED);
  await rename(UNFINISHED, `${BACKUPS}/${new Date().toISOString().replaceAll(/[:.]/g, "-")}-${digest}.sql.gz`);
  for (const name of names.slice(0, Math.max(0, names.length + 1 - KEPT))) await rm(`${BACKUPS}/${name}`);
}
