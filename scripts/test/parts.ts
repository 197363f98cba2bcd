import { type Counts, ofCargo, ofCheck, ofSummaryLine, ofVitest } from "./counts.js";

/** One runner of `npm test`. */
export interface Part {
  readonly name: string;
  /** `checks` and `rust` and … can be given to `--only` and `--skip` as well as names. */
  readonly group: string;
  readonly argv: readonly string[];
  /** Relative to the repository. */
  readonly cwd: string;
  /** A part that takes longer hangs, and is ended. */
  readonly minutes: number;
  /** Where the counts are read from: what it printed, or the report that it wrote. */
  readonly count: { readonly from: "output" | "report"; readonly parse: (text: string) => Counts };
}

const bin = "node_modules/.bin";
/** Where vitest writes its report; one part runs at a time. */
export const reportPath = ".setup/vitest.json";

export const parts: readonly Part[] = [
  check("format", [`${bin}/biome`, "check", "--linter-enabled=false", "--assist-enabled=false", "."]),
  check("lint", [`${bin}/biome`, "lint", "--error-on-warnings", "."]),
  check("types", [`${bin}/tsc`, "-b", "--pretty"]),
  check("rustfmt", ["cargo", "fmt", "--check"], "warden"),
  check(
    "clippy",
    ["cargo", "clippy", "--workspace", "--all-targets", "--locked", "--quiet", "--", "-D", "warnings"],
    "warden",
  ),
  {
    name: "rust",
    group: "rust",
    argv: ["cargo", "test", "--workspace", "--locked", "--quiet", "--no-fail-fast"],
    cwd: "warden",
    minutes: 10,
    count: { from: "output", parse: ofCargo },
  },
  ...["unit", "structure", "levels", "security", "egress", "faults", "images", "learn", "evidence", "examples"].map(
    vitest,
  ),
  {
    name: "hosts",
    group: "hosts",
    argv: ["node", "--import", "tsx", "tests/hosts/main.ts", "--short"],
    cwd: ".",
    minutes: 12,
    count: { from: "output", parse: ofSummaryLine },
  },
];

function check(name: string, argv: readonly string[], cwd = "."): Part {
  return { name, group: "checks", argv, cwd, minutes: 5, count: { from: "output", parse: ofCheck } };
}

function vitest(name: string): Part {
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportPath}`];
  return {
    name,
    group: "vitest",
    argv: [`${bin}/vitest`, "run", "--project", name, "--passWithNoTests", ...reporters],
    cwd: ".",
    minutes: 10,
    count: { from: "report", parse: ofVitest },
  };
}
