import { existsSync, linkSync, rmSync, writeFileSync } from "node:fs";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { type LaunchMarks, monotonicUs, traceFile } from "./marks.js";
import { besideOf, endOf, execsOf, type Phase, phasesOf, ROLES } from "./phases.js";

/** A title, so that the array has a first element. */
const CLOCK = { name: "process_name", ph: "M", pid: 0, tid: 0, args: { name: "microseconds of CLOCK_MONOTONIC" } };

/** A number for each launch of any process: several write to one file. */
let row = process.pid * 1000;
let isFirst = true;

/**
 * Creates the file, if it does not exist, as a JSON array without its closing bracket, which Chrome's trace format
 * leaves out so that several processes can append to one file.
 * @throws BulkheadError ARGUMENT_INVALID if it cannot be written
 */
export function openTrace(path: string): void {
  const fresh = `${path}.${process.pid}`;
  if (existsSync(path)) return;
  try {
    writeFileSync(fresh, `[\n${JSON.stringify(CLOCK)}`, { flag: "wx" });
    linkSync(fresh, path);
  } catch (cause) {
    const { code, errno, syscall = "open" } = cause as NodeJS.ErrnoException;
    if (code === "EEXIST" && existsSync(path)) return;
    const context = { operation: syscall, path, detail: "BULKHEAD_TRACE", cause };
    throw new BulkheadError("ARGUMENT_INVALID", errno === undefined ? context : { ...context, errno: -errno });
  } finally {
    if (existsSync(fresh)) rmSync(fresh);
  }
}

/** Appends the events of one launch to the trace. A launch that was refused has no phases and is left out. */
export function writeLaunch(marks: LaunchMarks): void {
  const path = traceFile();
  if (path === undefined || marks.launched === undefined) return;
  row += 1;
  const events = eventsOf(marks, row, isFirst ? monotonicUs() - Math.round(process.uptime() * 1e6) : undefined);
  isFirst = false;
  try {
    writeFileSync(path, events.map((event) => `,\n${JSON.stringify(event)}`).join(""), { flag: "a" });
  } catch (error) {
    process.emitWarning(`BULKHEAD_TRACE: ${error}`);
  }
}

/** An event of Chrome's trace format, as far as Bulkhead writes it. Times in microseconds. */
export interface TraceEvent {
  readonly name: string;
  /** `X`: something that lasted from `ts` for `dur`. `M`: names a row. */
  readonly ph: "X" | "M";
  readonly cat?: "launch" | "end" | "exec" | "beside";
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly args?: Readonly<Record<string, unknown>>;
}

/** `nodeUs`: when Node started, for the first launch of a process. */
function eventsOf(marks: LaunchMarks, pid: number, nodeUs: number | undefined): TraceEvent[] {
  const start = marks.called ?? marks.asked;
  const node: Phase[] =
    nodeUs === undefined ? [] : [{ name: "start Node, load the library", role: "library", from: nodeUs, to: start }];
  const drawn = (phases: readonly Phase[], cat: "launch" | "end" | "exec" | "beside") =>
    phases.map(
      ({ name, role, from, to }): TraceEvent => ({
        name,
        ph: "X",
        cat,
        pid,
        tid: ROLES.indexOf(role) + 1,
        ts: from,
        dur: to - from,
      }),
    );
  const names = ROLES.map(
    (role, index): TraceEvent => ({ name: "thread_name", ph: "M", pid, tid: index + 1, args: { name: role } }),
  );
  const title = `${marks.level ?? "internal"} ${marks.id}`;
  return [
    { name: "process_name", ph: "M", pid, tid: 0, args: { name: title } },
    ...names,
    ...drawn(phasesOf(marks), "launch"),
    ...drawn(execsOf(marks), "exec"),
    ...drawn(endOf(marks), "end"),
    ...drawn([...node, ...besideOf(marks)], "beside"),
  ];
}
