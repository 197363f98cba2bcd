// Runs PostgreSQL on one Unix socket and no port, and dumps the database where the backup component can read it.
import { spawn } from "node:child_process";
import { open, rename } from "node:fs/promises";
import { CLUSTER, dumpPassword, ensureCluster } from "./cluster.mjs";
import { programs, run } from "./programs.mjs";

const SOCKETS = "/run/postgresql";
const DUMP = "/dump/app.dump";
const every = Number(process.env.DUMP_SECONDS) * 1000;

const program = programs();
await ensureCluster(program);
const settings = [
  "listen_addresses=",
  `unix_socket_directories=${SOCKETS}`,
  "shared_buffers=64MB",
  "max_connections=40",
];
const server = spawn(program("postgres"), ["-D", CLUSTER, ...settings.flatMap((one) => ["-c", one])], {
  stdio: "inherit",
});
server.on("exit", (code) => process.exit(code ?? 1));
// Ends sessions, and writes everything: the next start has nothing to recover.
process.on("SIGTERM", () => server.kill("SIGINT"));

for (;;) {
  await new Promise((resolve) => setTimeout(resolve, every));
  await dump().catch((error) => console.error(`no dump: ${error.message}`));
}

/** Replaces the dump when the new one is complete. */
async function dump() {
  const next = `${DUMP}.next`;
  const options = ["--format=custom", `--file=${next}`, "--host", SOCKETS, "--username=dump", "--no-password", "app"];
  await run(program("pg_dump"), options, { env: { PGPASSWORD: await dumpPassword() } });
  const file = await open(next, "r");
  await file.sync().finally(() => file.close());
  await rename(next, DUMP);
}
