// What the declarations need of Node and of the language, whatever the importing project has configured.
/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />

/** Runs code that you do not fully trust behind the wall that you choose. Start with `run` or `Sandbox`. */

export { suggest } from "./arguments/suggest.js";
export { Broker } from "./broker/broker.js";
export type { Evidence, ProcessEvidence } from "./broker/evidence.js";
export {
  killSandbox,
  type LiveOptions,
  type LiveSandbox,
  type LiveSandboxes,
  listSandboxes,
} from "./broker/live.js";
export type { BrokerLimits, Ended, Stats } from "./broker/messages.js";
export type { BrokerOptions } from "./broker/options.js";
export { SYSTEM_SOCKET, type SystemBrokerOptions, systemBrokerCommand } from "./broker/system-command.js";
export { compareLevels, type JobComparison } from "./diff/diff.js";
export type { Difference } from "./diff/differences.js";
export type { FilesLeft } from "./diff/files-left.js";
export type { JobRun } from "./diff/job-run.js";
export { comparePlans, comparePolicies, type PlanChange } from "./diff/plans/compare.js";
export type { EgressAnswer, EgressAsk, EgressHook } from "./egress/hook.js";
export type { EgressEvent, EgressListener } from "./egress/log/event.js";
export { type EgressLog, egressLog } from "./egress/log/file.js";
export type { EgressOptions } from "./egress/options.js";
export type { Resolve, ResolverOption } from "./egress/resolve/resolver.js";
export { BulkheadError } from "./errors/bulkhead-error.js";
export type { ErrorContext } from "./errors/context.js";
export { printable, printableLine } from "./errors/describe.js";
export type { Fault } from "./errors/entry.js";
export { type ErrorCode, isErrorCode, registry as errorRegistry } from "./errors/registry.js";
export { type ChangedEnforcement, type ChangedField, changedEnforcement, changedFields } from "./evidence/against.js";
export type { Enforcement, EnforcementTable } from "./evidence/enforcement.js";
export { PURPOSES } from "./evidence/purposes.js";
export type { EnsureKernelOptions } from "./guest/kernel/ensure.js";
export type { Kernel } from "./guest/kernel/store.js";
export { kernels } from "./guest/kernels.js";
export type { KvmFinding } from "./host/examine/kvm.js";
export type { Tool } from "./host/examine/tools.js";
export { type Examination, examineHost } from "./host/examine.js";
export type { Facts } from "./host/facts.js";
export { type LevelAvailability, levelAvailability } from "./host/levels.js";
export type { Missing } from "./host/missing.js";
export type { OwnPart } from "./host/own-parts.js";
export type { HostReport, OwnerMaxima } from "./host/report.js";
export { images } from "./images/images.js";
export type { BuildImageOptions } from "./images/manage/build.js";
export type { ImageDetails } from "./images/manage/inspect.js";
export type { PullImageOptions, StoreOptions, VerifyImageOptions, VerifyRules } from "./images/manage/options.js";
export type { ImageList, ImageSummary } from "./images/manage/summary.js";
export type { VerifiedImage } from "./images/manage/verify.js";
export type { ImageOptions } from "./images/options.js";
export type { OnPullEvent, PullEvent } from "./images/pull/progress.js";
export type { RegistryOptions, Timing } from "./images/registry/settings.js";
export type { Collected } from "./images/store/collect.js";
export type { Usage } from "./images/store/usage.js";
export type { UnpackLimits } from "./images/unpack/limits.js";
export { type Checked, checkLesson } from "./learn/check.js";
export { type LearnOptions, type Lesson, learn, readLearned, saveLesson } from "./learn/learn.js";
export type { Learned } from "./learn/learned.js";
export type { Least, SurfaceLearned } from "./learn/least.js";
export type { Workload } from "./plan/compile.js";
export { planJsonSchema } from "./plan/json-schema.js";
export type { Plan } from "./plan/schema.js";
export { DEFAULT_RESOURCES, RUN_TIME_MS } from "./policy/defaults.js";
export { policyJsonSchema } from "./policy/json-schema.js";
export { isAtLeast, LEVELS, type Level, type Trust } from "./policy/level.js";
export { loadPolicy, parsePolicyText } from "./policy/load.js";
export { parsePolicy } from "./policy/parse.js";
export { PROTECTIONS, type Protection } from "./policy/protections.js";
export type { ResolvedPolicy } from "./policy/resolved.js";
export type { Policy } from "./policy/schema.js";
export { parseSize } from "./policy/units.js";
export type { PoolOptions, TakeOptions } from "./pool/options.js";
export { Pool, type PoolStats } from "./pool/pool.js";
export { type Envelope, formatEnvelope, verifyRecord } from "./record/envelope.js";
export { openPublicKey, openRecordKey, type RecordKey, recordKeyPath } from "./record/key.js";
export { readRecord } from "./record/read.js";
export type { RecordOptions } from "./record/recorder.js";
export type { Statement } from "./record/statement.js";
export { type Explanation, explain, levelOf } from "./sandbox/explain.js";
export type { NetworkPolicy } from "./sandbox/network.js";
export type { PrepareOptions } from "./sandbox/prepare/options.js";
export { type ReportOptions, reportHost } from "./sandbox/report.js";
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
export type { ExecOptions, ExecUser, Stdin, TerminalSize } from "./session/exec-options.js";
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
export { surfaceChart } from "./surface/chart.js";
export { measurePeers, type PeerSurface } from "./surface/peers.js";
export { type SummaryRow, type SurfaceSummary, summariseSurfaces } from "./surface/summary.js";
export { type HostReach, measureSurface, type Surface } from "./surface/surface.js";
export type { BuiltIn } from "./syscalls/built-in.js";
export { exportProfile } from "./syscalls/export.js";
export type { OciProfile } from "./syscalls/oci.js";
export type { AttemptResult, Verification } from "./verify/verify.js";
export { verifyLevel } from "./verify/verify.js";
