import type { Examination, LevelAvailability } from "bulkhead/host";
import { saidMaxima } from "../output/maxima.js";
import { ownPartRows } from "../output/own-parts.js";
import type { Style } from "../output/style.js";
import { type Cell, table } from "../output/table.js";

/** The examination for people: levels, findings, and advice. */
export function renderExamination(examination: Examination, style: Style, width: number | undefined): string {
  const { levels, advice } = examination;
  const sections: readonly (readonly [string, readonly (readonly Cell[])[]])[] = [
    ["Levels", levels.map((level) => levelRow(level, style))],
    ["Host", hostRows(examination)],
    ["Tools", toolRows(examination, style)],
    ["Own parts", ownPartRows(examination.ownParts, style)],
    ["Ways to make it stronger", advice.map(({ what, remedy }) => [{ text: `${what}. ${remedy}` }])],
  ];
  return sections
    .filter(([, rows]) => rows.length > 0)
    .map(
      ([title, rows]) =>
        `${style.strong(title)}\n${indented(table(rows, width === undefined ? undefined : width - 2))}`,
    )
    .join("\n\n");
}

function levelRow({ level, available, missing, by }: LevelAvailability, style: Style): readonly Cell[] {
  if (available) return [{ text: level }, { text: "yes", paint: style.good }, { text: by ?? "" }];
  return [
    { text: level },
    { text: "no", paint: style.bad },
    { text: missing.map(({ what, remedy }) => `needs ${what}. ${remedy}`).join(" ") },
  ];
}

function hostRows({
  report: { facts, architecture, maxima },
  surroundings,
  kvm,
}: Examination): readonly (readonly Cell[])[] {
  const { userns, cgroup } = facts;
  const broker = facts.privileged ? `uid ${facts.uid}, privileged` : `uid ${facts.uid}, not privileged`;
  return pairs({
    kernel: `${facts.kernel}, ${architecture}`,
    ...(surroundings.length === 0 ? {} : { inside: surroundings.map(({ kind, by }) => `${kind} (${by})`).join(", ") }),
    broker: `${broker}; caller uid ${facts.callerUid}`,
    namespaces: facts.namespaces.join(" "),
    "user namespaces": userns.works ? "work" : `do not work${userns.errno === null ? "" : ` (errno ${userns.errno})`}`,
    cgroups: `${cgroup.layout}; limits by v${cgroup.version}: ${cgroup.controllers.join(" ") || "none"}${cgroup.why === null ? "" : ` (${cgroup.why})`}`,
    seccomp: facts.seccompActions.join(" ") || "none",
    landlock: facts.landlockAbi === 0 ? "none" : `ABI ${facts.landlockAbi}`,
    apparmor: facts.apparmor ? "on" : "none",
    selinux: facts.selinux ? "on" : "none",
    kvm: kvmText(kvm),
    ...(maxima === undefined ? {} : { maxima: `at most ${saidMaxima(maxima)}` }),
  });
}

function kvmText({ device, pvm, remedy }: Examination["kvm"]): string {
  if (device === "opens") {
    const variant = pvm ? "; it is the PVM variant, under which ordinary kernels hang" : "";
    return `/dev/kvm opens${variant}; level microvm tells whether machines boot`;
  }
  return `${device === "missing" ? "no /dev/kvm" : "no permission to open /dev/kvm"}. ${remedy ?? ""}`;
}

function toolRows({ tools }: Examination, style: Style): readonly (readonly Cell[])[] {
  return tools.map(({ name, path, version, purpose, remedy }) =>
    path === null
      ? [{ text: name }, { text: "missing", paint: style.doubtful }, { text: `for ${purpose}: ${remedy}` }]
      : [
          { text: name },
          { text: "found", paint: style.good },
          { text: version === null ? path : `${path}, ${version}` },
        ],
  );
}

function pairs(fields: Readonly<Record<string, string>>): readonly (readonly Cell[])[] {
  return Object.entries(fields).map(([name, text]) => [{ text: name }, { text }]);
}

function indented(text: string): string {
  return text.replace(/^/gm, "  ");
}
