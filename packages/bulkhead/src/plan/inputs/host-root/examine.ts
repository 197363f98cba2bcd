import { readdirSync } from "node:fs";
import { linkedState } from "./links.js";
import { type Findings, fingerprintOf, look, stateOf } from "./look.js";
import { ETC_DEEP, isKnown, isOfTheMachine, MADE, SECRET } from "./names.js";
import { PACKAGES, shippedHere } from "./shipped.js";

/** A plan has room for 256 mounts. */
const MOST_SHOWN = 96;

/** Examines all of /etc, and the parts of /var/lib that /usr leads to: some 50 ms, and more if /usr is large. */
export function examine(): Findings {
  const findings: Findings = { shown: [], left: [], marks: {} };
  for (const path of [...PACKAGES, "/etc", "/var/lib", "/usr/share", "/usr/lib"]) noteFingerprint(path, findings);
  const shipped = shippedHere();
  for (const name of readdirSync("/etc").sort()) {
    const path = `/etc/${name}`;
    if (isKnown(name) || ETC_DEEP.some((deep) => deep.startsWith(`${path}/`))) continue;
    if (MADE.has(name)) findings.left.push({ path, why: "each sandbox has its own" });
    else if (isOfTheMachine(name)) findings.left.push({ path, why: "it is the machine's, not a program's" });
    else if (SECRET.test(name)) findings.left.push({ path, why: "its name speaks of secrets" });
    else if (look(path, shipped, findings) && stateOf(path)?.isSymbolicLink() === false) findings.shown.push(path);
  }
  const linked = new Set(linkedState());
  for (const name of readdirSync("/var/lib").sort()) {
    const path = `/var/lib/${name}`;
    if (!linked.has(path)) findings.left.push({ path, why: "nothing in /usr leads to it" });
    else if (SECRET.test(name)) findings.left.push({ path, why: "its name speaks of secrets" });
    else if (look(path, null, findings)) findings.shown.push(path);
  }
  const more = findings.shown.splice(MOST_SHOWN);
  findings.left.push(...more.map((path) => ({ path, why: "there are too many others" })));
  return findings;
}

function noteFingerprint(path: string, { marks }: Findings): void {
  const stat = stateOf(path);
  if (stat !== undefined) marks[path] = fingerprintOf(stat);
}
