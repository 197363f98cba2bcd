import type { ExecOptions, Policy, ProcessResult, Sandbox } from "bulkhead";
import { run } from "bulkhead";

/** Runs to its end and collects what it put out. */
export async function inside(
  sandbox: Sandbox,
  argv: readonly string[],
  options: ExecOptions = {},
): Promise<ProcessResult> {
  return await (await sandbox.exec(argv, { ...options, buffer: true })).result;
}

/** A shell command, to its end. */
export async function shell(sandbox: Sandbox, script: string, options: ExecOptions = {}): Promise<ProcessResult> {
  return await inside(sandbox, ["sh", "-c", script], options);
}

/** What a shell command in a sandbox of its own prints; throws unless it exits with 0. */
export async function printed(script: string, policy: Policy): Promise<string> {
  const result = await run(["sh", "-c", script], policy);
  if (result.exitCode !== 0) throw new Error(`exit code ${result.exitCode}, signal ${result.signal}: ${result.stderr}`);
  return result.stdout;
}
