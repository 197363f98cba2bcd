/**
 * What a caller's code can break, each with what must come of it. Run by child.ts, in a process of its own that must
 * end by itself.
 */

import { createReadStream } from "node:fs";
import { Readable, Writable } from "node:stream";
import { ReadableStream, WritableStream } from "node:stream/web";
import { type Level, type Policy, type RunOptions, run, Sandbox } from "../../../packages/bulkhead/src/index.js";

/** Marks the workload's processes: nothing else on the machine has it. `sleep` takes it as seconds. */
export const marker = `9${process.pid}.25`;
/** Reads stdin to its end, and would then stay. */
const READS = ["sh", "-c", `cat >/dev/null; sleep ${marker}`];
const STAYS = ["sh", "-c", `echo begun; sleep ${marker}`];
const FLOODS = ["sh", "-c", `yes ${marker}`];
const FLOODS_STDERR = ["sh", "-c", `yes ${marker} >&2`];

export interface Scenario {
  readonly act: (level: Level) => Promise<unknown>;
  /** The error's code; null: it has a result. */
  readonly code: string | null;
  /** In the error's detail: the argument that is to blame. */
  readonly names?: string;
  /** The message of the error that the caller's own code made. */
  readonly cause?: string;
  /** What the result must hold. */
  readonly result?: Readonly<Record<string, unknown>>;
}

function running(argv: readonly string[], options: () => RunOptions, policy: Policy = {}) {
  return async (level: Level) => await run(argv, { ...policy, level }, options());
}

const SOON: Policy = { resources: { time: "700ms" } };
const never = () => new Promise<never>(() => undefined);

async function* asyncPieces(): AsyncGenerator<string> {
  yield "first\n";
  await new Promise((resolve) => setTimeout(resolve, 10));
  throw new Error("broken");
}
function* pieces(): Generator<string> {
  yield "first\n";
  throw new Error("broken");
}
function failingWeb(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => setTimeout(() => controller.error(new Error("broken")), 20) });
}
function sink(write: Writable["_write"]): Writable {
  return new Writable({ write });
}
function closing(): Writable {
  const to = sink(() => to.destroy());
  return to;
}

const SOURCE = { code: "STREAM_FAILED", names: "options.stdin", cause: "broken" } as const;
const INPUT = { code: "STREAM_FAILED", names: "options.input", cause: "broken" } as const;
const STDOUT = { code: "STREAM_FAILED", names: "options.output.stdout" } as const;
const TIMED_OUT = { code: null, result: { timedOut: true } } as const;

const sources: Readonly<Record<string, Scenario>> = {
  "a generator that throws": { act: running(READS, () => ({ input: pieces() })), ...INPUT },
  "an async generator that throws": { act: running(READS, () => ({ input: asyncPieces() })), ...INPUT },
  "an iterator whose next throws": {
    act: running(READS, () => ({
      input: {
        [Symbol.iterator]: () => ({
          next: () => {
            throw new Error("broken");
          },
        }),
      },
    })),
    ...INPUT,
  },
  "an iterator that cannot be obtained": {
    act: running(READS, () => ({
      input: {
        [Symbol.asyncIterator]: () => {
          throw new Error("broken");
        },
      },
    })),
    ...INPUT,
  },
  "an iterator that gives numbers": {
    act: running(READS, () => ({ input: [1, 2] as unknown as string[] })),
    ...INPUT,
    cause: "it gave 1 where text or bytes are wanted",
  },
  "an iterator that waits for ever, with a time limit": {
    act: running(READS, () => ({ input: { [Symbol.asyncIterator]: () => ({ next: never }) } }), SOON),
    ...TIMED_OUT,
  },
  "an iterator whose return throws, of a program that reads nothing": {
    act: running(["true"], () => ({
      input: {
        [Symbol.iterator]: () => ({
          next: () => ({ done: false, value: "x".repeat(100_000) }),
          return: () => {
            throw new Error("in return");
          },
        }),
      },
    })),
    code: null,
    result: { exitCode: 0 },
  },
  "a file that is not there": {
    act: running(READS, () => ({ stdin: createReadStream("/nowhere/at-all") })),
    code: "STREAM_FAILED",
    names: "options.stdin",
    cause: "ENOENT: no such file or directory, open '/nowhere/at-all'",
  },
  "a Readable that fails": { act: running(READS, () => ({ stdin: Readable.from(asyncPieces()) })), ...SOURCE },
  "a Readable that closes early": {
    act: running(READS, () => {
      const stdin = new Readable({ read: () => undefined });
      stdin.push("first");
      setTimeout(() => stdin.destroy(), 30);
      return { stdin };
    }),
    ...SOURCE,
    cause: "it was closed before its end",
  },
  "a Readable of objects": {
    act: running(READS, () => ({ stdin: Readable.from([{}]) })),
    ...SOURCE,
    cause: "it gave an object where text or bytes are wanted",
  },
  "a web stream that fails": { act: running(READS, () => ({ stdin: failingWeb() })), ...SOURCE },
  "stdin that its writer destroys with an error": {
    act: running(READS, () => ({ stdin: "pipe", onStart: ({ stdin }) => stdin?.destroy(new Error("broken")) })),
    code: "STREAM_FAILED",
    names: "stdin",
    cause: "broken",
  },
  "stdin that its writer closes": {
    act: running(["cat"], () => ({ stdin: "pipe", onStart: ({ stdin }) => stdin?.destroy() })),
    code: null,
    result: { exitCode: 0 },
  },
};

const sinks: Readonly<Record<string, Scenario>> = {
  "stdout that fails": {
    act: running(FLOODS, () => ({ output: { stdout: sink((_chunk, _encoding, done) => done(new Error("full"))) } })),
    ...STDOUT,
    cause: "full",
  },
  "stdout that throws": {
    act: running(FLOODS, () => {
      const stdout = sink((_chunk, _encoding, done) => done());
      stdout.write = () => {
        throw new Error("full");
      };
      return { output: { stdout } };
    }),
    ...STDOUT,
    cause: "full",
  },
  "stdout that closes early": {
    act: running(FLOODS, () => ({ output: { stdout: closing() } })),
    ...STDOUT,
    cause: "it was closed before the output's end",
  },
  "stdout that closes while nothing comes": {
    act: running(STAYS, () => {
      const stdout = sink((_chunk, _encoding, done) => done());
      setTimeout(() => stdout.destroy(), 100);
      return { output: { stdout } };
    }),
    ...STDOUT,
  },
  "stdout that never drains": { act: running(FLOODS, () => ({ output: { stdout: sink(never) } }), SOON), ...TIMED_OUT },
  "stdout that never takes the last piece": {
    act: running(["echo", "last"], () => ({ output: { stdout: sink(never) } }), SOON),
    ...TIMED_OUT,
  },
  "stderr that fails, without stdout": {
    act: running(FLOODS_STDERR, () => ({
      output: { stderr: sink((_chunk, _encoding, done) => done(new Error("full"))) },
    })),
    code: "STREAM_FAILED",
    names: "options.output.stderr",
    cause: "full",
  },
  "a web sink that fails": {
    act: running(FLOODS, () => ({
      output: {
        stdout: new WritableStream({
          write: () => {
            throw new Error("full");
          },
        }),
      },
    })),
    ...STDOUT,
    cause: "full",
  },
  "a web sink that never drains": {
    act: running(FLOODS, () => ({ output: { stdout: new WritableStream({ write: never }) } }), SOON),
    ...TIMED_OUT,
  },
};

const CALLBACK = { code: "CALLBACK_FAILED", cause: "broken" } as const;
const throwing = () => {
  throw new Error("broken");
};
const rejecting = async () => await Promise.reject(new Error("broken"));

const callbacks: Readonly<Record<string, Scenario>> = {
  "onStart that throws": { act: running(STAYS, () => ({ onStart: throwing })), ...CALLBACK, names: "options.onStart" },
  "onStart that rejects": {
    act: running(STAYS, () => ({ onStart: rejecting })),
    ...CALLBACK,
    names: "options.onStart",
  },
  "onStdout that throws": {
    act: running(STAYS, () => ({ onStdout: throwing })),
    ...CALLBACK,
    names: "options.onStdout",
  },
  "onStdout that rejects": {
    act: running(FLOODS, () => ({ onStdout: rejecting })),
    ...CALLBACK,
    names: "options.onStdout",
  },
  "onStderr that throws": {
    act: running(FLOODS_STDERR, () => ({ onStderr: throwing })),
    ...CALLBACK,
    names: "options.onStderr",
  },
  "onStdout that waits for ever": { act: running(FLOODS, () => ({ onStdout: never }), SOON), ...TIMED_OUT },
  "onEgress that throws": {
    act: running(
      ["sh", "-c", `wget -q -O - http://nowhere.example/; sleep ${marker}`],
      () => ({ egress: { onEgress: throwing } }),
      { network: { allow: ["nowhere.example"] } },
    ),
    ...CALLBACK,
    names: "options.egress.onEgress",
  },
  "onEgressEvent that rejects": {
    act: running(
      ["sh", "-c", `wget -q -O - http://nowhere.example/; sleep ${marker}`],
      () => ({ egress: { onEgressEvent: rejecting as () => never } }),
      { network: { allow: [] } },
    ),
    ...CALLBACK,
    names: "options.egress.onEgressEvent",
  },
};

/** Aborted so long after the call; undefined: before it. */
function abortedAfter(ms: number | undefined): Scenario {
  const act = (level: Level) => {
    const signal = ms === undefined ? AbortSignal.abort(new Error("enough")) : AbortSignal.timeout(ms);
    return run(STAYS, { level }, { signal });
  };
  return { act, code: "ABORTED", cause: ms === undefined ? "enough" : "The operation was aborted due to timeout" };
}

const aborts: Readonly<Record<string, Scenario>> = {
  "an abort before the call": abortedAfter(undefined),
  ...Object.fromEntries([0, 1, 3, 10, 50, 200].map((ms) => [`an abort after ${ms} ms`, abortedAfter(ms)])),
  "an abort in onStart": {
    act: (level) => {
      const controller = new AbortController();
      return run(STAYS, { level }, { signal: controller.signal, onStart: () => controller.abort(new Error("enough")) });
    },
    code: "ABORTED",
    cause: "enough",
  },
  "an abort while the last piece is not taken": {
    act: (level) => {
      const controller = new AbortController();
      const stdout = sink(() => setTimeout(() => controller.abort(new Error("enough")), 150));
      return run(["echo", "last"], { level }, { signal: controller.signal, output: { stdout } });
    },
    code: "ABORTED",
    cause: "enough",
  },
};

/** With a sandbox that is still of use afterwards. */
function within(use: (sandbox: Sandbox) => Promise<unknown>) {
  return async (level: Level) => {
    const sandbox = await Sandbox.create({ level });
    const [used] = await Promise.allSettled([use(sandbox)]);
    const { stdout } = await sandbox.run(["echo", "of use"]);
    await sandbox.close();
    if (stdout !== "of use\n") throw new Error("the sandbox is of no use any more");
    if (used.status === "rejected") throw used.reason;
    return used.value;
  };
}

const inSandbox: Readonly<Record<string, Scenario>> = {
  "exec: onStdout that throws": {
    act: within(async (sandbox) => await (await sandbox.exec(FLOODS, { onStdout: throwing })).result),
    ...CALLBACK,
    names: "options.onStdout",
  },
  "exec: stdin that fails": {
    act: within(async (sandbox) => await (await sandbox.exec(READS, { stdin: failingWeb(), buffer: true })).result),
    ...SOURCE,
  },
  "run: input that fails": {
    act: within(async (sandbox) => await sandbox.run(READS, { input: asyncPieces() })),
    ...INPUT,
  },
  "run: onStdout that waits for ever": {
    act: within(async (sandbox) => await sandbox.run(FLOODS, { onStdout: never, timeoutMs: 300 })),
    ...TIMED_OUT,
  },
  "run: an abort while it waits for its turn": {
    act: within(async (sandbox) => {
      const waiting = Array.from({ length: 56 }, () => sandbox.exec(["sleep", marker]));
      const started = await Promise.all(waiting);
      try {
        return await sandbox.run(["true"], { signal: AbortSignal.timeout(200) });
      } finally {
        for (const process of started) process.kill("SIGKILL");
        await Promise.all(started.map(({ result }) => result));
      }
    }),
    code: "ABORTED",
  },
  "files.write of a source that fails": {
    act: within(async (sandbox) => await sandbox.files.write("/tmp/half", asyncPieces())),
    code: "STREAM_FAILED",
    names: "content",
    cause: "broken",
  },
  "files.watch, left by what its reader throws": {
    act: within(async (sandbox) => {
      // Again and again: nobody knows when it is watched.
      const writing = setInterval(() => void sandbox.files.write("/tmp/new", "").catch(() => undefined), 100);
      try {
        for await (const _ of sandbox.files.watch("/tmp")) throw new Error("broken");
      } finally {
        clearInterval(writing);
      }
    }),
    code: "Error",
  },
  "a kill while a hundred programs wait for their turn": {
    act: async (level) => {
      const sandbox = await Sandbox.create({ level });
      const all = Array.from({ length: 100 }, () => sandbox.run(["sleep", marker]));
      const settled = Promise.allSettled(all);
      await new Promise((resolve) => setTimeout(resolve, 300));
      await sandbox.kill();
      const codes = (await settled).map((one) =>
        one.status === "rejected" ? (one.reason as { code: string }).code : "none",
      );
      return { exitCode: codes.every((code) => code === "SANDBOX_CLOSED") ? 0 : 1 };
    },
    code: null,
    result: { exitCode: 0 },
  },
};

export const scenarios: Readonly<Record<string, Scenario>> = {
  ...sources,
  ...sinks,
  ...callbacks,
  ...aborts,
  ...inSandbox,
};
