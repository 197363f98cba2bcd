import { once } from "node:events";
import { run } from "bulkhead";

// A process of its own that runs an image as soon as it is told to: `node --import tsx pull-and-run.ts IMAGE`, with
// BULKHEAD_STORE set.
process.stdout.write("ready\n");
await once(process.stdin, "data");
const { exitCode, stdout } = await run(["cat", "/added"], { image: process.argv[2] ?? "" });
process.stdout.write(`${JSON.stringify({ exitCode, stdout })}\n`);
process.exit(0);
