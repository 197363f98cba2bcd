import { type Counts } from "./counts.js";
/** One runner of `npm test`. */
export interface Part {
  readonly name: string;
  /** `checks` and `rust` and … can be given to `--only` and `--skip` as well as names. */
  readonly group: string;
  readonly argv: readonly string[];
  /** Relative to the repository. */
  readonly cwd: string;
  /** Beside what `npm test` itself was given. */
  readonly env?: Readonly<Record<string, string>>;
  /** A part that takes longer hangs, and is ended. */
  readonly minutes: number;
  /** Where the counts are read from: what it printed, or the report that it wrote. */
  readonly count: {
    readonly from: "output" | "report";
    readonly parse: (text: string) => Counts;
  };
}
/** Where vitest writes its report; one part runs at a time. */
export declare const reportPath = ".setup/vitest.json";
export declare const parts: readonly Part[];
