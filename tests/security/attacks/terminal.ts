import type { Attack } from "../support/attack.js";

const ATTEMPTS = [
  "type-ahead",
  "type-ahead-upper",
  "selection",
  "selection-upper",
  "console-output",
  "steal-terminal",
] as const;

/** With a terminal of its own, and without any. What becomes of a host terminal is tested in `terminal.test.ts`. */
export const terminal: readonly Attack[] = [
  ...ATTEMPTS.flatMap((name): readonly Attack[] => [
    {
      title: `${name} on the own terminal`,
      requirement: "every ABI and argument filtered",
      tty: true,
      attempt: [name],
      outcome: name === "steal-terminal" ? ["refused", "absent", "succeeded"] : ["refused", "absent"],
    },
    { title: `${name} without a terminal`, requirement: "own session", attempt: [name] },
  ]),
  { title: "open a controlling terminal that is not there", requirement: "own session", attempt: ["open-terminal"] },
  { title: "terminals of the host in /dev/pts", attempt: ["host-terminals"] },
  { title: "the console", attempt: ["console"] },
  { title: "hang up", tty: true, attempt: ["syscall", "vhangup"] },
];
