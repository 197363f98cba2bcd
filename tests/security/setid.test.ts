import { forEachLevel } from "../support/levels.js";
import { setid } from "./attacks/setid.js";
import { runAttacks } from "./support/run-attacks.js";

await forEachLevel((level) => runAttacks(level, setid));
