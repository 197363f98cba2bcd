import { writeFile } from "node:fs/promises";
import { LEVELS, type Level } from "bulkhead";
import { levelAvailability, reportHost } from "bulkhead/host";
import { type Verification, verifyLevel } from "bulkhead/verify";
import { defined } from "../defined.js";
import { type Style, styleFor } from "../output/style.js";
import { table, widthOf } from "../output/table.js";
import { finish, jsonLine, print } from "../output/write.js";
import type { VerifyFlags } from "./flags.js";
import { junit } from "./junit.js";

/** Runs the self-test and prints its results; exits with 1 if a protection differs from the table. */
export async function verify(flags: VerifyFlags): Promise<void> {
  const options = defined({ broker: flags.broker });
  const verifications: Verification[] = [];
  for (const level of await levelsOf(flags, options)) {
    const verification = await verifyLevel(level, options);
    verifications.push(verification);
    if (flags.json !== true) await print(process.stdout, `${render(verification, flags, styleFor(process.stdout))}\n`);
  }
  const passed = verifications.every((verification) => verification.passed);
  if (flags.json === true) await print(process.stdout, jsonLine({ passed, levels: verifications }));
  if (flags.junit !== undefined) await writeFile(flags.junit, junit(verifications));
  await finish(passed ? 0 : 1);
}

async function levelsOf({ level }: VerifyFlags, options: { readonly broker?: string }): Promise<readonly Level[]> {
  if (level !== "all") return LEVELS.filter((each) => each === level);
  return levelAvailability(await reportHost({ ...options, tryLevels: true })).flatMap((each) =>
    each.available ? [each.level] : [],
  );
}

/** Counts by class, then attempts that were not stopped; with `--all` every attempt. */
export function render(
  { level, attempts, passed }: Verification,
  flags: Pick<VerifyFlags, "all">,
  style: Style,
): string {
  const classes = [...new Set(attempts.map((attempt) => attempt.class))];
  const counts = classes.map((name) => {
    const own = attempts.filter((attempt) => attempt.class === name);
    const held = own.filter(({ status }) => status === "held").length;
    return [
      { text: name },
      { text: `${held} of ${own.length} held`, paint: held === own.length ? style.good : style.doubtful },
    ];
  });
  const paint = { held: style.good, failed: style.bad, unclaimed: style.doubtful };
  const shown = attempts.filter(({ status }) => flags.all === true || status !== "held");
  const lines = shown.map(({ status, class: group, title, protection, cve, detail }) => [
    { text: status, paint: paint[status] },
    { text: group },
    { text: title },
    { text: protection },
    { text: cve ?? "" },
    { text: detail },
  ]);
  const verdict = passed
    ? style.good(`Everything that is said to be enforced held against ${attempts.length} attempts and looks.`)
    : style.bad("A protection that is reported as enforced is not.");
  return [
    `Level ${style.strong(level)}`,
    table(counts),
    ...(lines.length === 0 ? [] : ["", table(lines, widthOf(process.stdout))]),
    "",
    verdict,
    "",
  ].join("\n");
}
