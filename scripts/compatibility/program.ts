import type { Level, Policy } from "bulkhead";

/** One real program, and one thing that people do with it. */
export interface Program {
  readonly name: string;
  /** Debian packages that hold it and what `script` uses beside it. */
  readonly packages: readonly string[];
  /** Run by `sh -c` in the empty working directory of a sandbox that has no network. */
  readonly script: string;
  /** The last line that `script` prints when the program works. */
  readonly prints: string;
  /** Resources above the defaults. A level of its own kernel counts them for the whole machine. */
  readonly resources?: NonNullable<Policy["resources"]>;
  /** Levels at which it does not work, and why. A row that works although it stands here is an error, too. */
  readonly fails?: Readonly<Partial<Record<Level, string>>>;
}

/** Programs that share an image: `bulkhead images build-base --packages …`. */
export interface Group {
  readonly name: string;
  readonly title: string;
  readonly programs: readonly Program[];
}
