import { forEachLevel } from "../support/levels.js";
import { identity } from "./attacks/identity.js";
import { runAttacks } from "./support/run-attacks.js";

await forEachLevel((level) => runAttacks(level, identity));
