import { BulkheadError } from "../../errors/bulkhead-error.js";
import { type Problem, pathOf } from "../../policy/problems.js";
import { type Position, said } from "./document.js";

/** A hostile or generated file could have one on each line. */
const MOST_SHOWN = 100;
/** The place of each is searched for. */
const MOST_KEPT = 1_000;

/** Collects the problems of a file, each at its place. */
export class Problems {
  readonly #found: Problem[] = [];
  #dropped = 0;

  get any(): boolean {
    return this.#found.length > 0;
  }

  add(path: readonly PropertyKey[], message: string): void {
    if (this.#found.length < MOST_KEPT) this.#found.push({ path, message });
    else this.#dropped += 1;
  }

  /** Problems of a part of the file, whose paths begin at `base`. */
  addAll(base: readonly PropertyKey[], problems: readonly Problem[]): void {
    for (const { path, message } of problems) this.add([...base, ...path], message);
  }

  /** @throws BulkheadError SERVICE_INVALID, with every problem in the order of the file, if there are any */
  throwIfAny(file: string, positionOf: (path: readonly PropertyKey[]) => Position): void {
    if (!this.any) return;
    const placed = this.#found.map((problem) => ({ ...problem, at: positionOf(problem.path) }));
    placed.sort((one, other) => one.at.line - other.at.line || one.at.column - other.at.column);
    const lines = placed.map(
      ({ at, path, message }) => `${said(at)}: ${[pathOf(path), message].filter(Boolean).join(": ")}`,
    );
    const unique = [...new Set(lines)];
    const hidden = Math.max(0, unique.length - MOST_SHOWN) + this.#dropped;
    const more = hidden > 0 ? [`and ${hidden} more`] : [];
    throw new BulkheadError("SERVICE_INVALID", {
      operation: "check",
      path: file,
      detail: [...unique.slice(0, MOST_SHOWN), ...more].join("\n"),
    });
  }
}
