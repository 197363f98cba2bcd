import { spawn } from "node:child_process";

/** How a process came out. */
export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  /** Null: it did not end by itself. */
  readonly exitCode: number | null;
}

export interface ChildOptions {
  /** Then it is ended. */
  readonly withinMs?: number;
  /** Options of Node. */
  readonly node?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a script in a child process, which ends by itself or is ended. */
export async function inChild(
  file: string,
  argv: readonly string[] = [],
  { withinMs = 150_000, node = [], env = {} }: ChildOptions = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [...node, "--import", "tsx", file, ...argv], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), withinMs);
  const [stdout, stderr, exitCode] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code))),
  ]);
  clearTimeout(timer);
  return { stdout, stderr, exitCode };
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = "";
  for await (const chunk of stream ?? []) text += String(chunk);
  return text;
}
