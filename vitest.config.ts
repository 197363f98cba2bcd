import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Emulated machines are 5 to 20 times slower; `npm run test:hosts` says so with this variable. */
const timeFactor = Math.max(1, Number(process.env["BULKHEAD_TIME_FACTOR"] ?? "1") || 1);

/**
 * Tests see the library's sources, so that a failure points at the line that was written and no build is needed first.
 */
const library = fileURLToPath(new URL("packages/bulkhead/src/", import.meta.url));
const alias = [
  {
    find: /^bulkhead-server\/client$/,
    replacement: fileURLToPath(new URL("packages/server/src/client.ts", import.meta.url)),
  },
  { find: /^bulkhead$/, replacement: `${library}index.ts` },
  { find: /^bulkhead\/([a-z]+)$/, replacement: `${library}$1.ts` },
];

interface Suite {
  readonly name: string;
  readonly include: readonly string[];
  readonly seconds: number;
  /**
   * False where files share this host's cgroups, processes or disk: what one leaves behind would be another's failure.
   */
  readonly parallel: boolean;
}

const suites: readonly Suite[] = [
  {
    name: "unit",
    include: ["packages/*/test/**/*.test.ts", "tests/hosts/test/**/*.test.ts"],
    seconds: 10,
    parallel: true,
  },
  { name: "levels", include: ["tests/levels/**/*.test.ts"], seconds: 30, parallel: false },
  { name: "library", include: ["tests/library/**/*.test.ts"], seconds: 60, parallel: false },
  { name: "security", include: ["tests/security/**/*.test.ts"], seconds: 60, parallel: false },
  { name: "egress", include: ["tests/egress/**/*.test.ts"], seconds: 60, parallel: false },
  { name: "faults", include: ["tests/faults/**/*.test.ts"], seconds: 60, parallel: false },
  { name: "images", include: ["tests/images/**/*.test.ts"], seconds: 60, parallel: false },
  { name: "snapshots", include: ["tests/snapshots/**/*.test.ts"], seconds: 90, parallel: false },
  { name: "learn", include: ["tests/learn/**/*.test.ts"], seconds: 60, parallel: false },
  { name: "assurance", include: ["tests/assurance/**/*.test.ts"], seconds: 120, parallel: false },
  { name: "services", include: ["tests/services/**/*.test.ts"], seconds: 60, parallel: false },
  { name: "server", include: ["tests/server/**/*.test.ts"], seconds: 60, parallel: false },
  { name: "structure", include: ["tests/structure/**/*.test.ts"], seconds: 60, parallel: false },
  { name: "examples", include: ["tests/examples/**/*.test.ts"], seconds: 60, parallel: false },
];

export default defineConfig({
  test: {
    // Helper processes run a bundle: that of these sources.
    globalSetup: ["scripts/helpers.mjs"],
    projects: suites.map(({ name, include, seconds, parallel }, groupOrder) => ({
      resolve: { alias },
      test: {
        name,
        include: [...include],
        // A process of its own for each file: a broker is one per process, and some tests end theirs.
        pool: "forks" as const,
        fileParallelism: parallel,
        testTimeout: seconds * 1000 * timeFactor,
        hookTimeout: seconds * 1000 * timeFactor,
        // A third of the test's time: the runner's own second is short for a guest on a busy machine.
        expect: { poll: { timeout: (seconds * 1000 * timeFactor) / 3 } },
        sequence: { groupOrder },
      },
    })),
  },
});
