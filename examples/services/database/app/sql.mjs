// Statements through Debian's psql, with values as variables: no value ever becomes part of a statement.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

const VERSIONS = "/usr/lib/postgresql";
const newest = readdirSync(VERSIONS).sort((one, other) => Number(other) - Number(one))[0];
const psql = `${VERSIONS}/${newest}/bin/psql`;

const connection = {
  PGHOST: "sql",
  PGPORT: "5432",
  PGDATABASE: "app",
  PGUSER: "app",
  PGPASSWORD: readFileSync(process.env.APP_PASSWORD_FILE, "utf8").trim(),
  PGCONNECT_TIMEOUT: "10",
};

/** What the statement prints, without headers. `values` are `:'NAME'` in it. */
export function query(statement, values = {}) {
  const variables = Object.entries(values).flatMap(([name, value]) => ["-v", `${name}=${value}`]);
  const argv = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "-v", "ON_ERROR_STOP=1", ...variables];
  return new Promise((resolve, reject) => {
    const child = spawn(psql, argv, { env: { ...process.env, ...connection } });
    let [output, problem] = ["", ""];
    child.stdout.on("data", (piece) => {
      output += piece;
    });
    child.stderr.on("data", (piece) => {
      problem += piece;
    });
    child.stdin.on("error", () => undefined);
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve(output.trim()) : reject(new Error(problem.trim()))));
    child.stdin.end(statement);
  });
}
