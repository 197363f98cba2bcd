import { forEachLevel } from "../support/levels.js";
import { filesystem } from "./attacks/filesystem.js";
import { runAttacks } from "./support/run-attacks.js";

await forEachLevel((level) => runAttacks(level, filesystem));
