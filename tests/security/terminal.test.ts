import { forEachLevel } from "../support/levels.js";
import { terminal } from "./attacks/terminal.js";
import { runAttacks } from "./support/run-attacks.js";

await forEachLevel((level) => runAttacks(level, terminal));
