import { perform } from "./perform.js";
import { makeProgram } from "./program.js";

await perform(makeProgram(process.argv[2]));
