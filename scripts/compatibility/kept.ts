import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Level } from "bulkhead";
import type { Outcome } from "./outcome.js";
import type { Program } from "./program.js";

const DIRECTORY = fileURLToPath(new URL("../../node_modules/.cache/", import.meta.url));
const FILE = `${DIRECTORY}bulkhead-compatibility.json`;

/** Outcomes on disk, so that a run of half an hour that was interrupted can be continued. */
export class Kept {
  readonly #outcomes: Record<string, Outcome>;

  /** `resume`: with what an earlier run left; else it is forgotten. */
  constructor(resume: boolean) {
    this.#outcomes = resume ? read() : {};
  }

  find(program: Program, image: string, level: Level): Outcome | undefined {
    return this.#outcomes[keyOf(program, image, level)];
  }

  add(program: Program, image: string, level: Level, outcome: Outcome): void {
    this.#outcomes[keyOf(program, image, level)] = outcome;
    mkdirSync(DIRECTORY, { recursive: true });
    writeFileSync(FILE, JSON.stringify(this.#outcomes));
  }
}

/** Another script, image or limit is another run. */
function keyOf({ script, prints, resources }: Program, image: string, level: Level): string {
  return createHash("sha256")
    .update(JSON.stringify([script, prints, resources, image, level]))
    .digest("hex");
}

function read(): Record<string, Outcome> {
  try {
    return JSON.parse(readFileSync(FILE, "utf8"));
  } catch {
    return {};
  }
}
