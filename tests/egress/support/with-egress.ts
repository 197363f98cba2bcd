import { type Level, Sandbox } from "bulkhead";

// Makes sandboxes with egress until it is killed.
const level = process.argv[2] as Level;
console.log("begins");
for (;;) {
  await using sandbox = await Sandbox.create({ level, network: { allow: ["one.example"] } });
  await sandbox.run(["true"]);
}
