import type { Verification } from "bulkhead/verify";

/** The results as JUnit XML for CI systems: a suite for each level, a case for each attempt. */
export function junit(verifications: readonly Verification[]): string {
  const suites = verifications.map(({ level, attempts }) => {
    const cases = attempts.map(({ class: group, title, status, cve, protection, detail }) => {
      const name = cve === null ? title : `${title} (${cve})`;
      const inside =
        status === "failed"
          ? `<failure message="${escaped(`${protection} is reported as enforced`)}">${escaped(detail)}</failure>`
          : status === "unclaimed"
            ? `<skipped message="${escaped(`${protection} is not reported as enforced here`)}"/>`
            : "";
      return `<testcase classname="${level}.${group}" name="${escaped(name)}">${inside}</testcase>`;
    });
    const count = (wanted: string) => attempts.filter(({ status }) => status === wanted).length;
    const counts = `tests="${attempts.length}" failures="${count("failed")}" skipped="${count("unclaimed")}"`;
    return `<testsuite name="bulkhead verify ${level}" ${counts}>\n${cases.join("\n")}\n</testsuite>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join("\n")}\n</testsuites>\n`;
}

/** Removes characters that XML cannot represent from text of the sandbox. */
function escaped(text: string): string {
  const names: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "")
    .replace(/[&<>"]/g, (c) => names[c] ?? c);
}
