import { fstatSync } from "node:fs";
import {
  BulkheadError,
  type ImageOptions,
  type Policy,
  type RecordOptions,
  type RunOptions,
  type RunResult,
  run,
} from "bulkhead";
import { egressLog } from "bulkhead/egress";
import type { RunFlags } from "../commands/run.js";
import { defined } from "../defined.js";
import { EXIT, exitCodeOf, exitCodeOfSignal } from "../exit-codes.js";
import { Interrupted } from "../interrupted.js";
import { Relay } from "../live/relay.js";
import { finish, jsonLine, print } from "../output/write.js";
import { policyFrom } from "../policy/from-flags.js";
import { notesOn } from "./notes.js";
import { settingUp } from "./set-up.js";
import { Signals } from "./signals.js";
import { type Terminal, terminalFor } from "./terminal.js";

/** Runs the workload and exits with its exit code. Throws as `run` and the policy's check do. */
export async function execute(argv: readonly string[], flags: RunFlags, images?: ImageOptions): Promise<void> {
  const terminal = flags.tty === true ? terminalFor(process.stdin, process.stdout) : undefined;
  const given = await policyFrom(flags);
  requireProgram(argv, given);
  const policy = terminal === undefined ? given : withoutTimeLimit(given);
  const signals = new Signals();
  endWithReader(signals);
  const relay = flags.json === true ? undefined : new Relay();
  const log = flags.egressLog === undefined ? undefined : egressLog(flags.egressLog);
  try {
    const started = () =>
      run(argv, policy, {
        ...options(flags, terminal, signals, relay),
        ...(log === undefined ? {} : { egress: { onEgressEvent: log.listener } }),
        ...defined({ images }),
      });
    const result = await settingUp(policy, started);
    terminal?.restore();
    await log?.close();
    await show(result, flags);
    await relay?.end(exitCodeOf(result));
    await finish(exitCodeOf(result));
  } catch (error) {
    terminal?.restore();
    await relay?.end(signals.aborted === undefined ? EXIT.bulkhead : exitCodeOfSignal(signals.aborted));
    await log?.close().catch(() => undefined);
    if (signals.aborted !== undefined) throw new Interrupted(signals.aborted, error);
    throw error;
  }
}

/** Only an image names its own program. */
function requireProgram(argv: readonly string[], { image, root }: Policy): void {
  const isImage = image !== undefined || /^(oci|docker-archive):/.test(String(root));
  if (argv.length > 0 ? argv[0] !== "" : isImage) return;
  const detail = argv.length > 0 ? "the program's name is empty" : "name the program: bulkhead run [flags] -- PROGRAM";
  throw new BulkheadError("USAGE", { detail });
}

/** No one reads the workload's output any more (`| head -1`): end it as a pipe would. */
function endWithReader(signals: Signals): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") signals.end("SIGPIPE");
    });
  }
}

/** A person sits at a terminal; the default time limit of `run` is for unattended runs. */
function withoutTimeLimit(policy: Policy): Policy {
  return { ...policy, resources: { time: "none", ...policy.resources } };
}

function options(
  flags: RunFlags,
  terminal: Terminal | undefined,
  signals: Signals,
  relay: Relay | undefined,
): RunOptions {
  return {
    stdin: stdinFor(flags.interactive === true),
    signal: signals.abortSignal,
    ...defined({ output: relay?.sinks(process.stdout, process.stderr) }),
    ...defined({ tty: terminal?.size }),
    ...defined({ ports: flags.publish }),
    ...(flags.record === undefined ? {} : { record: recordFlags(flags.record, flags.recordKey) }),
    ...defined({ broker: flags.broker }),
    onStart: (control) => {
      signals.forwardTo(control);
      relay?.begin(control);
      terminal?.connect(control, flags.interactive === true);
    },
  };
}

function recordFlags(to: string, key: string | undefined): RecordOptions {
  return { to, ...defined({ key }) };
}

/** The number of the kernel's null device: major 1, minor 3. */
const NULL_DEVICE = 0x103;

/** Forwards a terminal only on request. Without input, passes nothing: a stream that reads it costs milliseconds. */
function stdinFor(interactive: boolean): NonNullable<RunOptions["stdin"]> {
  if (fstatSync(0).rdev === NULL_DEVICE) return "null";
  return interactive || process.stdin.isTTY !== true ? process.stdin : "null";
}

async function show(result: RunResult, { json }: RunFlags): Promise<void> {
  if (json === true) {
    await print(process.stdout, jsonLine(result));
    return;
  }
  const notes = notesOn(result);
  if (notes.length > 0) await print(process.stderr, notes.map((note) => `bulkhead: ${note}\n`).join(""));
}
