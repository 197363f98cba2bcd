import type { Writable } from "node:stream";
import type { Check } from "../arguments/check.js";
import { abortSignal, callback, hostPath, list, object, required } from "../arguments/values.js";
import type { RecordOptions } from "../record/recorder.js";
import { output } from "../session/ends/checks.js";
import type { ByteSink } from "../session/ends/sink.js";
import { type ExecOptions, exclusive, programShape, type TerminalSize } from "../session/exec-options.js";
import { type ExposeOptions, hostPort, insidePort, listenAddress } from "../session/expose.js";
import { POLICY_HINTS, prepareShape } from "./options.js";
import type { PrepareOptions } from "./prepare/options.js";

/** A run in progress. */
export interface RunControl {
  /** Id of its sandbox, as `listSandboxes` shows it. */
  readonly id: string;
  /** Set if `stdin` is `"pipe"`. */
  readonly stdin: Writable | null;
  /** Sends a signal to the workload's process group. */
  kill(signal?: string | number): void;
  /** Resizes the workload's terminal. */
  resize(size: TerminalSize): void;
}

/** A port inside, and where to expose it on the host. */
export interface PublishedPort extends ExposeOptions {
  readonly inside: number;
}

/** Options for one program, whatever sandbox it runs in. */
export interface ProgramOptions
  extends Pick<ExecOptions, "env" | "cwd" | "user" | "tty" | "stdin" | "input" | "onStdout" | "onStderr"> {
  /** Ends the run, and makes it reject with ABORTED. */
  readonly signal?: AbortSignal;
  /**
   * Streams that receive the output as it arrives, instead of the result. Bulkhead does not end them. Output without a
   * stream is collected.
   */
  readonly output?: { readonly stdout?: ByteSink; readonly stderr?: ByteSink };
  /** Ports inside to expose on the host while the run lasts, as `sandbox.expose` does. */
  readonly ports?: readonly PublishedPort[];
  /** Creates a signed record of the protections in force: `result.record`. */
  readonly record?: RecordOptions;
  /** Called when the request has been sent; from then on the caller can signal, write to and resize the workload. */
  readonly onStart?: (run: RunControl) => void;
}

export interface RunOptions extends Omit<PrepareOptions, "signal">, ProgramOptions {}

const publishedPort = object<PublishedPort>({ inside: insidePort, address: listenAddress, port: hostPort });
const shape = {
  ...programShape,
  signal: abortSignal,
  output,
  ports: list(required(publishedPort, "inside")),
  record: object<RecordOptions>({ to: hostPath, key: hostPath }),
  onStart: callback<NonNullable<ProgramOptions["onStart"]>>(),
} as const;

const programFields = exclusive(object<ProgramOptions>(shape, POLICY_HINTS), ["stdin", "input"]);
const runFields = exclusive(object<RunOptions>({ ...prepareShape, ...shape }, POLICY_HINTS), ["stdin", "input"]);

export const programOptions: Check<ProgramOptions> = (value, path, flaws) => {
  programFields(value, path, flaws);
  refuseTwoSinks(value, path, flaws);
};

export const runOptions: Check<RunOptions> = (value, path, flaws) => {
  runFields(value, path, flaws);
  refuseTwoSinks(value, path, flaws);
};

const refuseTwoSinks: Check<ProgramOptions> = (value, path, flaws) => {
  if (flaws.length > 0) return;
  const { output: sinks, onStdout, onStderr } = value as ProgramOptions;
  const refuse = (name: string, sink: string) =>
    flaws.push({ path: `${path}.${name}`, message: `excludes \`output.${sink}\`: give only one of them` });
  if (sinks?.stdout !== undefined && onStdout !== undefined) refuse("onStdout", "stdout");
  if (sinks?.stderr !== undefined && onStderr !== undefined) refuse("onStderr", "stderr");
};
