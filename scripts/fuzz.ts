/**
 * `npm run fuzz [-- SECONDS [SEED [NAME]]]`: feeds hostile bytes to every decoder, or to those with NAME in their name,
 * for SECONDS each (10). The library's decoders run here, the warden's by cargo. Exits with 1 if one of them failed.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Corpus } from "./fuzz/corpus.js";
import { Random } from "./fuzz/random.js";
import { type Target, targets } from "./fuzz/targets.js";

const seconds = Number(process.argv[2] ?? "10");
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 31);
const only = process.argv[4];
if (!(seconds > 0) || !Number.isInteger(seed)) {
  console.error("usage: npm run fuzz [-- SECONDS [SEED [NAME]]]");
  process.exit(2);
}

for (const [name, target] of Object.entries(targets)) {
  if (only === undefined || name.includes(only)) await fuzz(name, target);
}
const warden = fileURLToPath(new URL("../warden", import.meta.url));
const decoders = {
  "init: the channel's decoder": "bulkhead-channel",
  "setup: the decoder of orders": "bulkhead-order",
  "keeper: the decoder of messages": "bulkhead-protocol",
  "keeper: parcels": "bulkhead-parcel",
};
for (const [name, crate] of Object.entries(decoders)) {
  if (only !== undefined && !name.includes(only)) continue;
  console.log(name);
  const example = ["run", "--quiet", "-p", crate, "--example", "fuzz", "--", String(seconds), String(seed)];
  process.exitCode ||= spawnSync("cargo", example, { cwd: warden, stdio: "inherit" }).status ?? 1;
}

async function fuzz(name: string, { seeds, run }: Target): Promise<void> {
  const random = new Random(seed);
  const corpus = new Corpus(random, seeds);
  const end = performance.now() + seconds * 1000;
  let inputs = 0;
  for (; performance.now() < end; inputs += 1) {
    const input = corpus.input();
    try {
      await run(input, random);
    } catch (error) {
      console.error(`library: ${name}: input ${inputs} of seed ${seed} broke it\n${input.toString("hex")}\n`, error);
      process.exitCode = 1;
      return;
    }
  }
  console.log(`library: ${name}: seed ${seed}: ${inputs} inputs; nothing broke`);
}
