import { forEachLevel } from "../support/levels.js";
import { kernel } from "./attacks/kernel.js";
import { runAttacks } from "./support/run-attacks.js";

await forEachLevel((level) => runAttacks(level, kernel));
