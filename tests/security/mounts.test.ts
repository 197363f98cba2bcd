import { forEachLevel } from "../support/levels.js";
import { mounts } from "./attacks/mounts.js";
import { runAttacks } from "./support/run-attacks.js";

await forEachLevel((level) => runAttacks(level, mounts));
