/** Makes a sandbox and copies of it again and again, until it is killed. */

import { Sandbox } from "../../../packages/bulkhead/src/index.js";

const sandbox = await Sandbox.create({ level: "microvm", resources: { memory: "48MiB" } });
process.stdout.write("made\n");
for (;;) {
  for (const copy of await sandbox.fork(1)) await copy.kill();
}
