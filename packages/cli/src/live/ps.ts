import { readFileSync } from "node:fs";
import { type LiveSandbox, listSandboxes, printableLine } from "bulkhead";
import { type Style, styleFor } from "../output/style.js";
import { type Cell, table, widthOf } from "../output/table.js";
import { finish, jsonLine, print } from "../output/write.js";
import { liveOptions } from "./find.js";
import type { LiveFlags } from "./flags.js";

/** A command line is somebody else's, and may be as long as the kernel allows. */
const LONGEST_COMMAND = 120;

/** Prints which sandboxes are alive. */
export async function showLive(flags: LiveFlags): Promise<void> {
  const { sandboxes, missing } = await listSandboxes(liveOptions(flags));
  const rows = sandboxes.map((sandbox) => ({ ...sandbox, command: commandOf(sandbox.callerPid) }));
  if (flags.json === true) {
    await print(process.stdout, jsonLine({ sandboxes: rows, missing }));
  } else if (flags.quiet === true) {
    await print(process.stdout, rows.map(({ id }) => `${id}\n`).join(""));
  } else {
    await print(process.stdout, `${renderLive(rows, styleFor(process.stdout), widthOf(process.stdout))}\n`);
    if (missing > 0) await print(process.stderr, `bulkhead: ${missing} more could not be listed\n`);
  }
  await finish(0);
}

export function renderLive(
  rows: readonly (LiveSandbox & { readonly command: string | null })[],
  style: Style,
  width?: number,
): string {
  const header = ["ID", "LEVEL", "STATE", "AGE", "UID", "PID", "MADE BY"].map(
    (text): Cell => ({ text, paint: style.strong }),
  );
  const paint = { launching: style.dim, running: style.good, paused: style.doubtful, ending: style.dim };
  const body = rows.map(({ id, level, state, ageMs, uid, pid, callerPid, command, broker }): readonly Cell[] => [
    { text: id },
    { text: level },
    { text: state, paint: paint[state] },
    { text: ageOf(ageMs) },
    { text: String(uid) },
    { text: String(pid) },
    {
      text: `${callerPid}${command === null ? "" : ` ${command}`}${broker === null ? "" : ` by ${printableLine(broker)}`}`,
    },
  ]);
  return table([header, ...body], width);
}

/** `3m20s`: the two largest units. */
export function ageOf(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const units = [
    ["d", 86_400],
    ["h", 3600],
    ["m", 60],
    ["s", 1],
  ] as const;
  const first = units.findIndex(([, length]) => seconds >= length);
  if (first < 0) return `${ms}ms`;
  let left = seconds;
  return units
    .slice(first, first + 2)
    .map(([name, length]) => {
      const count = Math.floor(left / length);
      left -= count * length;
      return count === 0 ? "" : `${count}${name}`;
    })
    .join("");
}

/** Null where the process is gone or not to be seen. */
function commandOf(pid: number): string | null {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").join(" ").trim();
    const line = printableLine(words);
    return line.length > LONGEST_COMMAND ? `${line.slice(0, LONGEST_COMMAND)}…` : line;
  } catch {
    return null;
  }
}
