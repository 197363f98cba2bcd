import { casesOfEachLevel } from "./cases.js";
import { ofCargo, ofCheck, ofSummaryLine, ofVitest } from "./counts.js";
import type { Verdict } from "./verdict.js";

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
  /** Source of the counts: the output, or the report. */
  readonly count: { readonly from: "output" | "report"; readonly parse: (text: string) => Verdict };
}

const bin = "node_modules/.bin";
/** Where vitest writes its report; one part runs at a time. */
export const reportPath = ".setup/vitest.json";

/**
 * Levels with their own kernels, and the suites that run at each: a level in the list of tests/support/levels.ts needs
 * none of this.
 */
const suitesAt: readonly (readonly [level: string, ...projects: readonly string[]])[] = [
  ["gvisor", "levels", "security", "faults"],
  ["microvm", "levels", "security"],
];

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
  ...[
    "unit",
    "structure",
    "levels",
    "library",
    "security",
    "egress",
    "faults",
    "snapshots",
    "images",
    "learn",
    "assurance",
    "services",
    "examples",
  ].map(vitest),
  underServerNode(vitest("server")),
  ...suitesAt.flatMap(([level, ...projects]) => projects.map((project) => atLevel(level, project))),
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
  const reporters = [
    "--reporter=default",
    "--reporter=./scripts/test/outside-tests.ts",
    "--reporter=json",
    `--outputFile.json=${reportPath}`,
  ];
  return {
    name,
    group: "vitest",
    argv: [`${bin}/vitest`, "run", "--project", name, "--passWithNoTests", ...reporters],
    cwd: ".",
    minutes: 10,
    count: { from: "report", parse: ofVitest },
  };
}

/** The server needs a newer Node than the rest: this one, or the one that set-up fetched. */
function underServerNode(part: Part): Part {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const isEnough = major > 22 || (major === 22 && minor >= 13);
  const fetched = `.setup/nodes/22/node_modules/node-linux-${process.arch}/bin/node`;
  const [, ...options] = part.argv;
  const node = isEnough ? process.execPath : fetched;
  return {
    ...part,
    argv: [node, "--disable-warning=ExperimentalWarning", "node_modules/vitest/vitest.mjs", ...options],
  };
}

/** Repeats a suite at a level with its own kernel: a separate part, so that its count and its time show. */
function atLevel(level: string, project: string): Part {
  const part = vitest(project);
  const [bin = "", run = "", ...options] = part.argv;
  return {
    ...part,
    name: `${project} at ${level}`,
    group: level,
    argv: [bin, run, ...casesOfEachLevel(project), ...options],
    env: { BULKHEAD_TEST_LEVELS: level },
  };
}
