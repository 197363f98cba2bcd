import { printable } from "../errors/describe.js";
import type { ProcessResult } from "../session/process-result.js";

/** What the probe says about one attempt. */
export interface Said {
  readonly outcome: string;
  readonly detail: string;
  readonly had?: number;
}

/** The probe's report. Any program inside can write to its output: text that is not a report counts as none. */
export function said({ stdout, stderr, signal, exitCode }: ProcessResult): Said {
  const report = parsed(stdout.split("\n").find((text) => text.startsWith("{")));
  if (report === undefined) {
    return signal === null
      ? { outcome: "silent", detail: `${exitCode} ${stderr}` }
      : { outcome: "killed", detail: signal };
  }
  const { outcome, detail = "", errno } = report;
  const had = /\d+/.exec(String(detail))?.[0];
  return {
    outcome: typeof outcome === "string" ? outcome : "silent",
    detail: errno === undefined ? String(detail) : `errno ${errno} ${detail}`,
    ...(had === undefined ? {} : { had: Number(had) }),
  };
}

interface Report {
  readonly outcome?: unknown;
  readonly detail?: unknown;
  readonly errno?: unknown;
}

function parsed(line: string | undefined): Report | undefined {
  try {
    const report: unknown = JSON.parse(line ?? "");
    return typeof report === "object" && report !== null ? report : undefined;
  } catch {
    return undefined;
  }
}

/** Makes text from inside safe for a table. */
export function oneLine(text: string): string {
  return printable(text.trim().replace(/\s+/g, " ")).slice(0, 120);
}
