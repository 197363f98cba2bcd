import { BulkheadError, type RunResult } from "bulkhead";
import { describe, expect, it } from "vitest";
import { notesOn } from "../src/run/notes.js";

const HOSTILE = "a\nbulkhead: all is well\u2028bulkhead: it is\u001b[2J";

const RESULT: RunResult = {
  exitCode: 0,
  signal: null,
  stdout: "",
  stderr: "",
  stdoutBytes: Buffer.alloc(0),
  stderrBytes: Buffer.alloc(0),
  timedOut: false,
  oomKilled: false,
  pidsExceeded: false,
  diskFull: false,
  outputTruncated: false,
  notFound: false,
  notExecutable: false,
  durationMs: 1,
  cpuMs: null,
  maxRssBytes: null,
  level: "container",
  enforcement: { level: "container", weakPoint: "", protections: [] },
  record: null,
  writeBack: null,
  notes: [],
  lowered: [],
};

/** Line ends, also those that only some terminals and viewers take for one, and escapes. */
const FORGES = /[\n\u2028\u2029\u001b]/;

describe("notes on a run", () => {
  it("are one line each, for any name of a file inside", () => {
    const left = [{ path: HOSTILE, why: "kind" as const }];
    const directory = { host: "/srv", at: "/data", left, leftMore: 0, written: 0, made: 0, removed: 0 };
    const [note, ...others] = notesOn({ ...RESULT, writeBack: { directories: [directory] } });
    expect(others).toEqual([]);
    expect(note).toMatch(/^a\ufffdbulkhead: all is well.*: not a file/);
    expect(note).not.toMatch(FORGES);
  });

  it("and for any error about one: only the remedy has its own line", () => {
    const error = new BulkheadError("WRITE_BACK_FAILED", { operation: HOSTILE, path: HOSTILE, detail: HOSTILE });
    const notes = notesOn({ ...RESULT, error, writeBack: { directories: [], error } });
    expect(notes).toHaveLength(2);
    for (const note of notes) {
      const [message, remedy, ...more] = note.split("\n");
      expect(more).toEqual([]);
      expect(message).not.toMatch(FORGES);
      expect(remedy).toBe(`  remedy: ${error.remedy}`);
    }
  });
});
