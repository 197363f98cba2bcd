import { type Counts } from "./counts.js";
import { type Part } from "./parts.js";
/** Runs one part, showing what it prints as it comes, and counts. A part that leaves something in the temporary folder fails. */
export declare function runPart(part: Part): Promise<Counts>;
