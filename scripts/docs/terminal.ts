/** `npm run docs:terminal`: runs the commands of the README's first screen here, and draws what a terminal shows. */

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { drawTerminal } from "./draw-terminal.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** A run, the protections in force, and a run that Bulkhead refuses. */
export const COMMANDS = [
  "./bulkhead run --root host -- sh -c 'id -u; cat /etc/shadow; touch /usr/bin/x'",
  "./bulkhead explain | head -8",
  "./bulkhead run --require selinux -- true; echo $?",
] as const;

/** The lines that `command` prints, both streams in the order in which a terminal shows them. */
export function record(command: string): readonly string[] {
  const { stdout, error } = spawnSync("sh", ["-c", `exec 2>&1; ${command}`], { cwd: root, encoding: "utf8" });
  if (error !== undefined) throw error;
  return stdout.trimEnd().split("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const screens = COMMANDS.map((command) => ({ command, lines: record(command) }));
  writeFileSync(`${root}docs/terminal.svg`, drawTerminal(screens));
}
