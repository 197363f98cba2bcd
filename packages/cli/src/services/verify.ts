import { printableLine } from "bulkhead";
import type { ServiceVerification, VerifiedComponent, VerifiedPair } from "bulkhead/services";
import { type Style, styleFor } from "../output/style.js";
import { type Cell, table, widthOf } from "../output/table.js";
import { finish, jsonLine, print } from "../output/write.js";
import { askOnce } from "./control/client.js";
import type { VerifyServiceFlags } from "./flags.js";
import { nameOf } from "./manage.js";

/** Exit code when a protection is not in force, or a component reached another one undeclared. */
const NOT_HELD = 1;

/** Verifies a running service, and prints the results. */
export async function verifyRunning(flags: VerifyServiceFlags): Promise<void> {
  const answer = await askOnce(await nameOf(flags), { op: "verify" });
  const verification = answer as unknown as ServiceVerification;
  const text = `${render(verification, flags.all === true, styleFor(process.stdout))}\n`;
  await print(process.stdout, flags.json === true ? jsonLine(answer) : text);
  await finish(verification.passed ? 0 : NOT_HELD);
}

function render({ components, pairs, passed, service }: ServiceVerification, all: boolean, style: Style): string {
  const width = widthOf(process.stdout);
  const failed = components.flatMap((component) => protectionRows(component, all, style));
  const ways = pairs.flatMap((pair) => wayRows(pair, all, style));
  const parts = [
    table([
      heading(["COMPONENT", "LEVEL", "STATE", "PROTECTIONS", "TRIED BY"], style),
      ...components.map(componentRow),
    ]),
    ...(failed.length === 0 ? [] : [table(failed, width)]),
    table([heading(["FROM", "TO", "RESULT", "DECLARED"], style), ...pairs.map((pair) => pairRow(pair, style))], width),
    ...(ways.length === 0 ? [] : [table(ways, width)]),
    passed
      ? style.good(`No component of ${service} reached another one beside the declared channels.`)
      : style.bad(`The walls of ${service} did not hold, or could not be tried.`),
  ];
  return parts.join("\n\n");
}

function componentRow({ name, level, state, protections, triedBy }: VerifiedComponent): readonly Cell[] {
  const held = protections.filter(({ status }) => status === "held").length;
  const counted = triedBy === null ? "it does not run" : `${held} of ${protections.length} in force`;
  return [name, level, state, counted, triedBy ?? "-"].map((text) => ({ text }));
}

function protectionRows({ name, protections }: VerifiedComponent, all: boolean, style: Style): readonly Cell[][] {
  return protections
    .filter(({ status }) => all || status !== "held")
    .map(({ status, protection, detail }) => [
      { text: status, paint: status === "held" ? style.good : style.bad },
      { text: name },
      { text: protection },
      { text: printableLine(detail) },
    ]);
}

function pairRow({ from, to, status, declared, ways }: VerifiedPair, style: Style): readonly Cell[] {
  const made = ways.filter((way) => way.status !== "untried").length;
  const said = status === "held" ? `held against ${made} of ${ways.length} attempts` : status;
  const paint = status === "held" ? style.good : style.bad;
  return [{ text: from }, { text: to }, { text: said, paint }, { text: declared.map(printableLine).join(", ") || "-" }];
}

function wayRows({ from, to, ways }: VerifiedPair, all: boolean, style: Style): readonly Cell[][] {
  return ways
    .filter(({ status }) => all || status !== "held")
    .map(({ status, by, target, offer, detail }) => [
      { text: status, paint: status === "held" ? style.good : status === "reached" ? style.bad : style.doubtful },
      { text: `${from} -> ${to}` },
      { text: by },
      { text: printableLine(target) },
      { text: offer ?? "-" },
      { text: printableLine(detail) },
    ]);
}

function heading(titles: readonly string[], style: Style): readonly Cell[] {
  return titles.map((text) => ({ text, paint: style.strong }));
}
