import type { Sandbox } from "bulkhead";
import { PROBE } from "../../support/programs.js";
import type { Outcome } from "./attack.js";

/** One line of the probe. Untrusted: what it says explains a failure, the assets decide. */
export interface Report {
  readonly attempt: string;
  readonly outcome: Outcome | "usage" | "killed";
  readonly errno?: number;
  readonly detail?: string;
}

/** Runs one attempt in `sandbox`. Killed before it could report: the outcome is `killed`. */
export async function attempt(
  sandbox: Sandbox,
  argv: readonly string[],
  options: { readonly tty?: boolean; readonly program?: string } = {},
): Promise<Report> {
  const process = await sandbox.exec([options.program ?? PROBE, ...argv], {
    buffer: true,
    ...(options.tty === true ? { tty: { rows: 24, cols: 80 } } : {}),
  });
  const { stdout, signal, stderr, exitCode } = await process.result;
  const line = stdout.split("\n").find((text) => text.startsWith("{"));
  if (line !== undefined) return JSON.parse(line) as Report;
  if (signal !== null && signal !== undefined)
    return { attempt: argv[0] ?? "", outcome: "killed", detail: String(signal) };
  throw new Error(`the probe said nothing: exit code ${exitCode}, ${stderr}`);
}
