// What the declarations need of Node and of the language, whatever the importing project has configured.
/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />

/**
 * Runs code that you do not fully trust behind the wall that you choose. Start with `run` or `Sandbox`.
 *
 * @module bulkhead
 */

export type { BrokerVerdict, Evidence, ProcessEvidence } from "./broker/evidence.js";
export { killSandbox, type LiveOptions, type LiveSandbox, type LiveSandboxes, listSandboxes } from "./broker/live.js";
export type { Ended, Stats } from "./broker/messages.js";
export type { BrokerOptions } from "./broker/options.js";
export { compareLevels, type JobComparison } from "./diff/diff.js";
export type { Difference } from "./diff/differences.js";
export type { FilesLeft } from "./diff/files-left.js";
export type { JobRun } from "./diff/job-run.js";
export type { EgressOptions } from "./egress/options.js";
export type { Enforcement, EnforcementTable } from "./enforcement/enforcement.js";
export { BulkheadError } from "./errors/bulkhead-error.js";
export type { ErrorContext } from "./errors/context.js";
export { printable, printableLine } from "./errors/describe.js";
export type { Fault } from "./errors/entry.js";
export { type ErrorCode, isErrorCode, registry as errorRegistry } from "./errors/registry.js";
export type { ImageOptions } from "./images/options.js";
export type { Workload } from "./plan/compile.js";
export type { Plan } from "./plan/schema.js";
export { LEVELS, type Level, type Trust } from "./policy/level.js";
export { loadPolicy } from "./policy/load.js";
export type { Protection } from "./policy/protections.js";
export type { Policy } from "./policy/schema.js";
export type { PoolOptions, TakeOptions } from "./pool/options.js";
export { Pool, type PoolStats } from "./pool/pool.js";
export type { Envelope } from "./record/envelope.js";
export type { RecordOptions } from "./record/recorder.js";
export type { Statement } from "./record/statement.js";
export { type Explanation, explain } from "./sandbox/explain.js";
export type { NetworkPolicy } from "./sandbox/network.js";
export type { PrepareOptions } from "./sandbox/prepare/options.js";
export { run } from "./sandbox/run.js";
export type { ProgramOptions, PublishedPort, RunControl, RunOptions } from "./sandbox/run-options.js";
export type { RunResult, WriteBackOutcome } from "./sandbox/run-result.js";
export { Sandbox, type SandboxOptions } from "./sandbox/sandbox.js";
export type { RestoreOptions } from "./sandbox/snapshot/options.js";
export type { Snapshot } from "./sandbox/snapshot/take.js";
export type { LeftBehind, LeftWhy, WrittenBack, WrittenDirectory } from "./sandbox/write-back/report.js";
export type { Copied, NotCopied } from "./session/copy/result.js";
export type { ByteSink, OutputCallback } from "./session/ends/sink.js";
export type { ByteSource } from "./session/ends/source.js";
export type { ExecOptions, ExecUser, ListenSocket, Stdin, TerminalSize } from "./session/exec-options.js";
export type { Exposed, ExposeOptions } from "./session/expose.js";
export type { DirectoryEntry, FileEvent, FileInfo, FileType } from "./session/files/entries.js";
export type { Files } from "./session/files/files.js";
export type {
  CopyOptions,
  FileContent,
  GlobOptions,
  ListOptions,
  MakeDirectoryOptions,
  ReadOptions,
  ReadStreamOptions,
  RemoveOptions,
  StatOptions,
  WatchOptions,
  WriteOptions,
} from "./session/files/options.js";
export type { TreeEntry } from "./session/files/walk.js";
export type { Process, WebStreams } from "./session/process.js";
export type { ProcessResult } from "./session/process-result.js";
