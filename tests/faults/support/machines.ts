/**
 * Makes machines, says so, and goes on as it is told, until it is killed: machines.ts idle|churn. Or only starts a
 * broker of its own: machines.ts next.
 */

import { run, Sandbox } from "bulkhead";

const policy = { level: "microvm", resources: { memory: "48MiB" } } as const;
// They die under it on purpose.
process.on("unhandledRejection", () => undefined);

if (process.argv[2] === "next") {
  await run(["true"], { level: "container" });
  process.exit(0);
}
const sandboxes = await Promise.all([Sandbox.create(policy), Sandbox.create(policy)]);
for (const sandbox of sandboxes) await sandbox.exec(["sh", "-c", "while :; do :; done"]);
process.stdout.write("made\n");
while (process.argv[2] === "churn") {
  await using sandbox = await Sandbox.create(policy);
  await sandbox.run(["true"]);
}
setInterval(() => undefined, 1000);
