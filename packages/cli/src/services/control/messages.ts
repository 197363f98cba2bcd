/** One request of a command to the supervisor of a service: a line of JSON, one for each connection. */
export type Request =
  | { readonly op: "status" }
  | { readonly op: "verify" }
  | { readonly op: "logs"; readonly components: readonly string[]; readonly follow: boolean }
  | { readonly op: "start" | "stop" | "restart"; readonly component: string }
  | { readonly op: "change"; readonly file: string; readonly dryRun: boolean; readonly maxBlast?: string }
  | { readonly op: "exec"; readonly component: string; readonly argv: readonly string[] }
  | { readonly op: "down" };

/** Input of a program started with `exec`: bytes in Base64, or the end of them, or a signal. */
export type ExecInput = { readonly stdin: string } | { readonly end: true } | { readonly signal: string };

/** Far above any command line that people write. */
export const LONGEST_REQUEST = 256 * 1024;

/** What a line says, if it is a request; the sender is a program of the same user, and may still be another version. */
export function readRequest(line: string): Request | undefined {
  const value = parseObject(line);
  const { op, component, components, follow, argv } = value;
  switch (op) {
    case "status":
    case "verify":
    case "down":
      return { op };
    case "logs":
      return isTexts(components) && typeof follow === "boolean" ? { op, components, follow } : undefined;
    case "start":
    case "stop":
    case "restart":
      return typeof component === "string" ? { op, component } : undefined;
    case "change":
      return readChange(value);
    case "exec":
      return typeof component === "string" && isTexts(argv) && argv.length > 0 ? { op, component, argv } : undefined;
    default:
      return undefined;
  }
}

function readChange({ file, dryRun, maxBlast }: Readonly<Record<string, unknown>>): Request | undefined {
  if (typeof file !== "string" || typeof dryRun !== "boolean") return undefined;
  if (maxBlast === undefined) return { op: "change", file, dryRun };
  return typeof maxBlast === "string" ? { op: "change", file, dryRun, maxBlast } : undefined;
}

export function readInput(line: string): ExecInput | undefined {
  const { stdin, end, signal } = parseObject(line);
  if (typeof stdin === "string") return { stdin };
  if (typeof signal === "string") return { signal };
  return end === true ? { end } : undefined;
}

export function parseObject(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

/** Splits a stream of text into lines. Returns undefined as soon as one is too long. */
export class LineSplitter {
  #rest = "";

  push(text: string): readonly string[] | undefined {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    return this.#rest.length > LONGEST_REQUEST || lines.some((line) => line.length > LONGEST_REQUEST)
      ? undefined
      : lines;
  }
}
