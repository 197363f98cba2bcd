import {
  BulkheadError,
  compareLevels,
  explain,
  killSandbox,
  listSandboxes,
  loadPolicy,
  Pool,
  run,
  Sandbox,
} from "bulkhead";
import { egressLog } from "bulkhead/egress";
import { Broker, kernels, reportHost, systemBrokerCommand } from "bulkhead/host";
import { images } from "bulkhead/images";
import { checkLearned, learn, readLearned, saveLearned } from "bulkhead/learn";
import { comparePolicies, exportProfile, isAtLeast, levelOf, parsePolicy, parsePolicyText } from "bulkhead/policy";
import { openPublicKey, openRecordKey, readRecord, verifyInstallation, verifyRecord } from "bulkhead/record";
import { measureSurface, verifyLevel } from "bulkhead/verify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Files } from "../../packages/bulkhead/src/session/files/files.js";
import { Process } from "../../packages/bulkhead/src/session/process.js";
import {
  ARGV,
  bad,
  type Case,
  each,
  INSIDE,
  OPTIONS,
  PATHS,
  PORTS,
  SIGNALS,
  TIMES,
  type Use,
} from "./support/cases.js";
import { library } from "./support/doors.js";
import { WITHOUT_ARGUMENTS } from "./support/without-arguments.js";

const ofRun: readonly Case[] = [
  ...each("run argv", ARGV, (argv) => run(argv), "argv"),
  ...each("run policy", [null, 5, "policy.yaml", []], (policy) => run(["true"], policy), "policy"),
  ...each("run options", OPTIONS, (options) => run(["true"], {}, options), "options"),
  ...each("run input", [5, null, {}, true, () => "x"], (input) => run(["cat"], {}, { input }), "options.input"),
  ...each(
    "run stdin",
    [5, null, {}, "text", Buffer.from("x")],
    (stdin) => run(["cat"], {}, { stdin }),
    "options.stdin",
  ),
  ...each(
    "run tty",
    [{}, { rows: 0, cols: 80 }, { rows: 24, cols: 70_000 }, { rows: "24", cols: 80 }, true],
    (tty) => run(["true"], {}, { tty }),
    "options.tty",
  ),
  ...each(
    "run env",
    [null, [], "A=b", { "": "x" }, { "A=B": "x" }, { A: 5 }, { A: "x\0y" }],
    (env) => run(["true"], {}, { env }),
    "options.env",
  ),
  ...each("run cwd", INSIDE.slice(1), (cwd) => run(["true"], {}, { cwd }), "options.cwd"),
  ...each(
    "run user",
    [-1, 70_000, 1.5, {}, { uid: 1 }, { uid: 1, gid: -1 }, "", true],
    (user) => run(["true"], {}, { user }),
    "options.user",
  ),
  ...each(
    "run signal",
    [5, {}, new AbortController(), null],
    (signal) => run(["true"], {}, { signal }),
    "options.signal",
  ),
  ...each("run onStart", [5, {}, "x", null], (onStart) => run(["true"], {}, { onStart }), "options.onStart"),
  ...each("run onStdout", [5, {}], (onStdout) => run(["true"], {}, { onStdout }), "options.onStdout"),
  ...each("run output", [5, [], process.stdout], (output) => run(["true"], {}, { output }), "options.output"),
  ...each(
    "run output.stdout",
    [5, "file", {}],
    (stdout) => run(["true"], {}, { output: { stdout } }),
    "options.output.stdout",
  ),
  ...each(
    "run ports",
    [5, {}, [{}], [{ inside: 0 }], [{ inside: 80, port: 70_000 }], [{ inside: 80, address: "host" }]],
    (ports) => run(["true"], {}, { ports }),
    "options.ports",
  ),
  ...each("run record", [5, { to: 5 }, { tofu: "x" }], (record) => run(["true"], {}, { record }), "options.record"),
  ...each("run broker", PATHS.slice(1), (broker) => run(["true"], {}, { broker }), "options.broker"),
  ...each(
    "run egress",
    [5, { onEgress: 5 }, { resolver: {} }, { resolver: 5 }, { authorities: "x" }, { onEgres: () => "allow" }],
    (egress) => run(["true"], {}, { egress }),
    "options.egress",
  ),
  ...each(
    "run images",
    [5, { pull: "sometimes" }, { limits: { bytes: -1 } }, { registry: { timing: { headMs: 0 } } }, { onEvent: 5 }],
    (chosen) => run(["true"], {}, { images: chosen }),
    "options.images",
  ),
  ["run inputt", () => run(["cat"], {}, bad({ inputt: "x" })), "options.inputt", "did you mean input?"],
  ["run timeoutMs", () => run(["cat"], {}, bad({ timeoutMs: 5 })), "options.timeoutMs", "resources.time"],
  ["run stdin and input", () => run(["cat"], {}, { stdin: "pipe", input: "x" }), "options.stdin", "input"],
  [
    "run onStdout and output",
    () => run(["cat"], {}, { output: { stdout: process.stdout }, onStdout: () => undefined }),
    "options.onStdout",
  ],
];

const ofExec: readonly Case[] = [
  ...each("exec argv", ARGV, (argv, { sandbox }) => sandbox.exec(argv), "argv"),
  ...each("sandbox.run argv", ARGV, (argv, { sandbox }) => sandbox.run(argv), "argv"),
  ...each("exec options", OPTIONS, (options, { sandbox }) => sandbox.exec(["true"], options), "options"),
  ...each(
    "exec timeoutMs",
    TIMES,
    (timeoutMs, { sandbox }) => sandbox.exec(["true"], { timeoutMs }),
    "options.timeoutMs",
  ),
  ...each(
    "exec outputBytes",
    [0, -1, 1.5, Number.NaN, "1MiB"],
    (outputBytes, { sandbox }) => sandbox.exec(["true"], { outputBytes }),
    "options.outputBytes",
  ),
  ...each(
    "exec buffer",
    ["yes", 1, null],
    (buffer, { sandbox }) => sandbox.exec(["true"], { buffer }),
    "options.buffer",
  ),
  ...each(
    "exec listen",
    [
      {},
      [null],
      [{ name: "a" }],
      [{ name: "a:b", port: 1 }],
      [{ name: "a", port: 0 }],
      Array(65).fill({ name: "a", port: 1 }),
    ],
    (listen, { sandbox }) => sandbox.exec(["true"], { listen }),
    "options.listen",
  ),
  ["exec timeout", ({ sandbox }) => sandbox.exec(["true"], bad({ timeout: 5 })), "options.timeout", "timeoutMs"],
  ...each("process.kill", SIGNALS, (signal, { process: it }) => it.kill(signal), "signal"),
  ...each(
    "process.resize",
    [undefined, {}, { rows: 0, cols: 1 }, { rows: 1.5, cols: 1 }],
    (size, { process: it }) => it.resize(size),
    "size",
  ),
  ...each("expose", PORTS, async (port, { sandbox }) => await sandbox.expose(port), "port"),
  ...each(
    "expose port",
    [-1, 70_000, "80"],
    async (port, { sandbox }) => await sandbox.expose(80, { port }),
    "options.port",
  ),
  ...each(
    "expose address",
    ["example.org", "", 5],
    async (address, { sandbox }) => await sandbox.expose(80, { address }),
    "options.address",
  ),
  ...each("setNetwork", [undefined, null, 5, []], (network, { sandbox }) => sandbox.setNetwork(network), "network"),
  ...each("snapshot", PATHS, (directory, { sandbox }) => sandbox.snapshot(directory), "directory"),
  ...each("fork", [0, -1, 1.5, "2", 5000], (count, { sandbox }) => sandbox.fork(count), "count"),
  ...each("create policy", [null, 5, "x", []], (policy) => Sandbox.create(policy), "policy"),
  ...each("create options", OPTIONS, (options) => Sandbox.create({}, options), "options"),
  ["create timeoutMs", () => Sandbox.create({}, bad({ timeoutMs: 5 })), "options.timeoutMs", "resources.time"],
  ...each("restore", PATHS, (directory) => Sandbox.restore(directory), "directory"),
  ...each("pool policy", [null, 5, "x", []], (policy) => Pool.create(policy), "policy"),
  ...each("pool options", OPTIONS, (options) => Pool.create({}, options), "options"),
  ...each("pool min", [-1, 1.5, "2", 5000, null], (min) => Pool.create({}, { min }), "options.min"),
  ...each("pool max", [0, -1, 1.5, "2", 5000], (max) => Pool.create({}, { max }), "options.max"),
  ...each("pool memory", [0, -1, "1GiB"], (memoryBytes) => Pool.create({}, { memoryBytes }), "options.memoryBytes"),
  ...each("pool starts", [0, 65, "2"], (starts) => Pool.create({}, { starts }), "options.starts"),
  ...each("pool age", TIMES, (maxAgeMs) => Pool.create({}, { maxAgeMs }), "options.maxAgeMs"),
  ["pool size", () => Pool.create({}, bad({ size: 5 })), "options.size", "min"],
  ...each("pool.run argv", ARGV, (argv, { pool }) => pool.run(argv), "argv"),
  ...each("pool.run options", OPTIONS, (options, { pool }) => pool.run(["true"], options), "options"),
  ["pool.run broker", ({ pool }) => pool.run(["true"], bad({ broker: "/x" })), "options.broker"],
  ...each("pool.take options", OPTIONS, (options, { pool }) => pool.take(options), "options"),
  ["restore digest", () => Sandbox.restore("/nowhere", { digest: "x" }), "options.digest"],
];

const files: readonly (readonly [name: keyof Files, act: (files: Files, path: never) => unknown])[] = [
  ["read", (all, path) => all.read(path)],
  ["readText", (all, path) => all.readText(path)],
  ["readStream", (all, path) => all.readStream(path)],
  ["write", (all, path) => all.write(path, "x")],
  ["writeStream", (all, path) => all.writeStream(path)],
  ["list", (all, path) => all.list(path)],
  ["stat", (all, path) => all.stat(path)],
  ["mkdir", (all, path) => all.mkdir(path)],
  ["remove", (all, path) => all.remove(path)],
  ["watch", (all, path) => all.watch(path)],
  ["copyOut", (all, path) => all.copyOut(path, "/nowhere/x")],
];

const ofFiles: readonly Case[] = [
  ...files.flatMap(([name, act]) =>
    each(
      `files.${name}`,
      INSIDE,
      (path, { sandbox }) => act(sandbox.files, path),
      name === "copyOut" ? "from" : "path",
    ),
  ),
  ...each("files.rename", INSIDE, (to, { sandbox }) => sandbox.files.rename("/a", to), "to"),
  ...each("files.copyIn", PATHS, (from, { sandbox }) => sandbox.files.copyIn(from, "/a"), "from"),
  ...each("files.copyIn to", INSIDE, (to, { sandbox }) => sandbox.files.copyIn("/etc/hostname", to), "to"),
  ...each("files.copyOut to", PATHS, (to, { sandbox }) => sandbox.files.copyOut("/a", to), "to"),
  ...each("files.glob", [undefined, 5, "", "a\0"], (pattern, { sandbox }) => sandbox.files.glob(pattern), "pattern"),
  ...each(
    "files.write content",
    [5, null, undefined, {}, true],
    (content, { sandbox }) => sandbox.files.write("/tmp/x", content),
    "content",
  ),
  ...each(
    "files.write mode",
    [-1, 0o4755, 1.5, "644"],
    (mode, { sandbox }) => sandbox.files.write("/tmp/x", "", { mode }),
    "options.mode",
  ),
  ...each(
    "files.read offset",
    [-1, 1.5, "0"],
    (offset, { sandbox }) => sandbox.files.read("/a", { offset }),
    "options.offset",
  ),
  ...each("files.list options", OPTIONS, (options, { sandbox }) => sandbox.files.list("/", options), "options"),
  [
    "files.mkdir recursiv",
    ({ sandbox }) => sandbox.files.mkdir("/a", bad({ recursiv: true })),
    "options.recursiv",
    "did you mean recursive?",
  ],
  ["files.stat follow", ({ sandbox }) => sandbox.files.stat("/a", bad({ follow: "no" })), "options.follow"],
  ["files.watch signal", ({ sandbox }) => sandbox.files.watch("/a", bad({ signal: 5 })), "options.signal"],
];

const names: readonly unknown[] = [undefined, null, 5, "", {}];
const ofOthers: readonly Case[] = [
  ...each("explain", [null, 5, "x", []], (policy) => explain(policy), "policy"),
  ...each("explain options", OPTIONS, (options) => explain({}, options), "options"),
  ...each("levelOf", [undefined, null, 5], (policy) => levelOf(policy), "policy"),
  ...each("reportHost", [null, 5, { tryLevels: "yes" }, { borker: "x" }], (options) => reportHost(options), "options"),
  ...each("listSandboxes", [null, 5, { broker: 5 }, { borker: "x" }], (options) => listSandboxes(options), "options"),
  ...each("killSandbox id", names.slice(0, 3), (id) => killSandbox(id), "id"),
  ...each("killSandbox options", [null, 5, { borker: "x" }], (options) => killSandbox("a", options), "options"),
  ...each("comparePolicies before", [undefined, null, 5], (before) => comparePolicies(before, {}), "before"),
  ...each("comparePolicies after", [undefined, null, 5], (after) => comparePolicies({}, after), "after"),
  ...each("readRecord", PATHS, (path) => readRecord(path), "path"),
  ...each("learn argv", ARGV, (argv) => learn(argv), "argv"),
  ...each("learn runs", [0, -1, 1.5, "3"], (runs) => learn(["true"], {}, { runs }), "options.runs"),
  ...each("learn from", [5, {}, null], (from) => learn(["true"], {}, { from }), "options.from"),
  ...each("learn onRun", [5], (onRun) => learn(["true"], {}, { onRun }), "options.onRun"),
  ...each("checkLearned", ARGV, (argv) => checkLearned(argv, {}, bad({})), "argv"),
  ...each("saveLearned", [undefined, 5, {}], (outcome) => saveLearned(outcome, "/nowhere"), "outcome"),
  ...each("readLearned", PATHS, (directory) => readLearned(directory), "directory"),
  ...each("compareLevels argv", ARGV, (argv) => compareLevels(argv, ["chroot", "container"]), "argv"),
  ...each(
    "compareLevels levels",
    [undefined, [], ["chroot"], ["chroot", "none"], "chroot"],
    (levels) => compareLevels(["true"], levels),
    "levels",
  ),
  ...each(
    "compareLevels timeoutMs",
    TIMES,
    (timeoutMs) => compareLevels(["true"], ["chroot", "container"], {}, { timeoutMs }),
    "options.timeoutMs",
  ),
  ...each("verifyLevel", [undefined, "none", 5], (level) => verifyLevel(level), "level"),
  ...each("measureSurface", [null, 5], (policy) => measureSurface(policy), "policy"),
  ...each("isAtLeast", [undefined, "none", 5], (level) => isAtLeast(level, "chroot"), "level"),
  ...each("loadPolicy", PATHS, (path) => loadPolicy(path), "path"),
  ...each("parsePolicyText", [undefined, 5, {}], (text) => parsePolicyText(text), "text"),
  ...each("parsePolicy options", [null, { directry: "/" }], (options) => parsePolicy({}, options), "options"),
  ...each("egressLog", PATHS, (path) => egressLog(path), "path"),
  ...each("openPublicKey", PATHS.slice(1), (path) => openPublicKey(path), "path"),
  ...each("openRecordKey", PATHS.slice(1), (path) => openRecordKey(path), "path"),
  ...each("verifyInstallation", PATHS.slice(1), (path) => verifyInstallation(path), "key"),
  ...each("verifyRecord", [undefined, 5], (text) => verifyRecord(text, bad({ publicKey: {}, id: "" })), "text"),
  ...each("verifyRecord key", [undefined, {}, "pem"], (key) => verifyRecord("", key), "key"),
  ...each("exportProfile", [null, "none", 5], (name) => exportProfile(name), "name"),
  ...each(
    "systemBrokerCommand",
    [null, { maxPids: 0 }, { allowUids: [-1] }, { allowGids: ["staff"] }, { sock: "/x" }],
    (options) => systemBrokerCommand(options),
    "options",
  ),
  ...each("Broker.connect", PATHS, (path) => Broker.connect(path), "path"),
  ...each("Broker.private", ["none", 5], (expect) => Broker.private(expect), "expect"),
  ...each("images.pull", names, (name) => images.pull(name), "name"),
  ...each(
    "images.pull options",
    [null, { stoer: "/x" }, { pull: "always" }, { verify: {} }],
    (options) => images.pull("x", options),
    "options",
  ),
  ...each("images.verify rules", [undefined, {}, 5], (rules) => images.verify("x", rules), "rules"),
  ...each("images.list", [null, { store: 5 }], (options) => images.list(options), "options"),
  ...each("images.inspect", names, (name) => images.inspect(name), "name"),
  ...each("images.remove", [undefined, "x", [5]], (all) => images.remove(all), "names"),
  ...each("images.prune", [{ all: "yes" }, { al: true }], (options) => images.prune(options), "options"),
  ...each("images.import", names, (source) => images.import(source, "x"), "source"),
  ...each("images.build", names, (name) => images.build(name), "name"),
  ...each("images.export", names, (target) => images.export("x", target), "target"),
  ...each("kernels.fetch", [null, { offline: 1 }, { onProgres: 1 }], (options) => kernels.fetch(options), "options"),
  ...each("kernels.build", [{ jobs: 0 }], (options) => kernels.build(options), "options"),
  ...each("kernels.ensure", [{ signal: 5 }], (options) => kernels.ensure(options), "options"),
  ...each("kernels.use", names, (name) => kernels.use(name), "name"),
];

const cases: readonly Case[] = [...ofRun, ...ofExec, ...ofFiles, ...ofOthers];

describe("what a function does not take", () => {
  let use: Use | undefined;
  beforeAll(async () => {
    const sandbox = await Sandbox.create({ level: "container" });
    const pool = await Pool.create({ level: "container" });
    use = { sandbox, pool, process: await sandbox.exec(["cat"], { stdin: "pipe" }) };
  });
  afterAll(async () => {
    await use?.sandbox.kill();
    await use?.pool.close();
  });

  it.each(cases.map(([call, act, ...told]) => ({ call, act, told })))("$call", async ({ act, told }) => {
    const error: unknown = await Promise.resolve()
      .then(() => act(use as Use))
      .then(
        (value) => value,
        (thrown: unknown) => thrown,
      );
    expect(error).toBeInstanceOf(BulkheadError);
    expect(error).toMatchObject({ code: "ARGUMENT_INVALID", fault: "user" });
    const { detail = "", remedy } = error as BulkheadError;
    for (const name of told) expect(detail).toContain(name);
    expect(remedy).toContain("argument");
  });

  it("has started nothing, and the sandbox is as it was", async () => {
    const { stdout } = (await use?.sandbox.run(["sh", "-c", "ps | grep -c cat; ls /tmp | wc -l"])) ?? { stdout: "" };
    expect(stdout.trim().split("\n").at(-1)).toBe("0");
  });
});

describe("the table", () => {
  it("has every function of the library", () => {
    const called = cases.map(([call]) => call);
    const isCalled = (name: string) => called.some((call) => call === name || call.startsWith(`${name} `));
    const functions = Object.entries(library).flatMap(([name, value]) => {
      if (typeof value === "function") return /^class /.test(Function.prototype.toString.call(value)) ? [] : [name];
      return typeof value === "object" && (value === images || value === kernels)
        ? Object.keys(value).map((method) => `${name}.${method}`)
        : [];
    });
    expect(
      functions.filter((name) => !isCalled(name) && !WITHOUT_ARGUMENTS.has(name) && name !== "kernels.list"),
    ).toEqual([]);
  });

  it("has every method that takes something", () => {
    const called = cases.map(([call]) => call);
    const methods = (of: object, prefix: string) =>
      Object.getOwnPropertyNames(of).filter((name) => {
        const value: unknown = Object.getOwnPropertyDescriptor(of, name)?.value;
        return (
          typeof value === "function" &&
          value.length > 0 &&
          name !== "constructor" &&
          !called.some((call) => call.startsWith(`${prefix}${name} `))
        );
      });
    expect(methods(Files.prototype, "files.")).toEqual([]);
    expect(methods(Process.prototype, "process.")).toEqual([]);
    expect(methods(Sandbox.prototype, "")).toEqual([]);
  });
});
