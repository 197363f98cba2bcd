import { forEachLevel } from "../support/levels.js";
import { network } from "./attacks/network.js";
import { runAttacks } from "./support/run-attacks.js";

await forEachLevel((level) => runAttacks(level, network));
