// Exits with 0 when the database answers. Its socket exists before that, while it recovers.
import { programs, run } from "./programs.mjs";

const argv = ["--host=/run/postgresql", "--dbname=app", "--username=app", "--quiet"];
await run(programs()("pg_isready"), argv).catch(() => process.exit(1));
