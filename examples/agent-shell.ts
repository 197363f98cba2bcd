/**
 * An AI agent's shell commands in one sandbox that lasts as long as the conversation. Each command sees the files that
 * earlier ones left in /work.
 *
 *     node --import tsx examples/agent-shell.ts ['COMMAND'…]
 *
 * From Node 22.18 on also without `--import tsx`.
 */

import { BulkheadError, type Policy, Sandbox } from "bulkhead";

/** No network, no files of this machine, and bounds on whatever a command may try. */
const policy: Policy = {
  level: "container",
  workdir: "/work",
  resources: { memory: "256MiB", pids: 64, cpus: 1, disk: "64MiB" },
  require: ["seccomp", "landlock", "network"],
};

/** The report that a model gets about its command: always an answer, however the command behaved. */
interface Observation {
  readonly command: string;
  readonly exitCode: number | null;
  readonly output: string;
  readonly note: string;
}

async function observe(sandbox: Sandbox, command: string): Promise<Observation> {
  const execution = await sandbox.exec(["/bin/sh", "-c", `exec 2>&1; ${command}`], {
    buffer: true,
    timeoutMs: 10_000,
    outputBytes: 16 * 1024, // a context window is small
  });
  const { exitCode, stdout, timedOut, outputTruncated } = await execution.result;
  const note = timedOut ? "stopped after 10 seconds" : outputTruncated ? "the output was cut after 16 KiB" : "";
  return { command, exitCode, output: stdout, note };
}

const given = process.argv.slice(2);
const commands =
  given.length > 0 ? given : ["echo 'print me' >notes", "cat notes", "wget -O- http://example.com", "yes"];

try {
  const sandbox = await Sandbox.create(policy);
  try {
    for (const command of commands) {
      const { exitCode, output, note } = await observe(sandbox, command);
      console.log(
        `$ ${command}\n${output.slice(0, 200).trimEnd()}\n[exit ${exitCode ?? "by signal"}]${note && ` ${note}`}`,
      );
    }
  } finally {
    await sandbox.close();
  }
} catch (error) {
  if (!(error instanceof BulkheadError)) throw error;
  console.error(`${error.code}: ${error.message}\n${error.remedy}`);
  process.exitCode = 125;
}
