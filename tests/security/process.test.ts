import { forEachLevel } from "../support/levels.js";
import { processes } from "./attacks/process.js";
import { runAttacks } from "./support/run-attacks.js";

await forEachLevel((level) => runAttacks(level, processes));
