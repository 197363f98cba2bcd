import { describe, expect, it } from "vitest";
import { parseConfig } from "../../src/images/documents/config.js";

function config(fields: object): ReturnType<typeof parseConfig> {
  const rootfs = { type: "layers", diff_ids: [] };
  return parseConfig(Buffer.from(JSON.stringify({ os: "linux", architecture: "amd64", rootfs, ...fields })));
}

describe("parseConfig", () => {
  it("reads what an image says about running it", () => {
    const fields = {
      Entrypoint: ["/a"],
      Cmd: ["b"],
      Env: ["A=1", "B=x=y", "A=2"],
      WorkingDir: "/w",
      User: "me",
      Labels: { l: "1" },
    };
    expect(config({ config: fields }).config).toEqual({
      entrypoint: ["/a"],
      cmd: ["b"],
      env: { A: "2", B: "x=y" },
      workdir: "/w",
      user: "me",
      labels: { l: "1" },
      volumes: [],
      notes: [],
    });
  });

  it.each([{}, { config: null }, { config: { Entrypoint: null, Cmd: null, Env: null, User: "", WorkingDir: "" } }])(
    "accepts an empty configuration: %j",
    (fields) => {
      const empty = { entrypoint: [], cmd: [], env: {}, workdir: null, user: null, labels: {}, volumes: [], notes: [] };
      expect(config(fields).config).toEqual(empty);
    },
  );

  it("takes a variable called __proto__ for a variable", () => {
    const { env } = config({ config: { Env: ["__proto__=x"] } }).config;
    expect(Object.keys(env)).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });

  it.each([
    { rootfs: { type: "layers", diff_ids: ["sha256:../x"] } },
    { rootfs: { type: "other", diff_ids: [] } },
    { os: 1 },
  ])("refuses %j", (fields) => {
    expect(() => config(fields)).toThrowError(expect.objectContaining({ code: "IMAGE_INVALID" }));
  });

  it.each([
    [{ Entrypoint: [""] }, { entrypoint: [] }],
    [{ Entrypoint: ["", "x"] }, { entrypoint: ["", "x"] }],
    [{ Cmd: [""] }, { cmd: [""] }],
    [
      { Cmd: "sh", Entrypoint: "/run" },
      { cmd: ["sh"], entrypoint: ["/run"] },
    ],
    [{ Cmd: ["a", null] }, { cmd: ["a", ""] }],
    [{ Labels: { a: null, b: "\u001b[2J" } }, { labels: { a: "", b: "\u001b[2J" } }],
    [{ Env: ["A=", "A=1\n2", "a b=c", "\u001b=x"] }, { env: { A: "1\n2", "a b": "c", "\u001b": "x" } }],
    [
      { Env: null, Volumes: null, Labels: null, WorkingDir: null, User: null },
      { env: {}, volumes: [] },
    ],
    [
      { StopSignal: 9, ExposedPorts: ["x"], Healthcheck: "x", Shell: 1, OnBuild: {}, ArgsEscaped: "x", New: [] },
      { cmd: [] },
    ],
  ])("reads %j as Docker does", (fields, expected) => {
    expect(config({ config: fields }).config).toMatchObject(expected);
  });

  it.each([
    ["/app/", "/app"],
    ["app", "/app"],
    ["./app/.", "/app"],
    ["//app///sub//", "/app/sub"],
    ["/app/../../srv", "/srv"],
    ["..", "/"],
    [".", "/"],
    ["/", "/"],
    ["/a b/\u00e9", "/a b/\u00e9"],
    ["/proc", undefined],
    ["/proc/self/fd/8", undefined],
    ["/a/../proc/./self/cwd", undefined],
    ["/a\nb", undefined],
    ["/a\u001b[2J", undefined],
    [`/${"a".repeat(256)}`, undefined],
    ["/aa".repeat(2000), undefined],
    ["/a\0b", undefined],
  ])("takes %j as the working directory %j", (WorkingDir, expected) => {
    if (expected !== undefined) return expect(config({ config: { WorkingDir } }).config.workdir).toBe(expected);
    const detail = expect.stringMatching(/^config\.WorkingDir/);
    expect(() => config({ config: { WorkingDir } })).toThrowError(
      expect.objectContaining({ code: "IMAGE_INVALID", detail }),
    );
  });

  it("leaves out environment lines that are none, and names them", () => {
    const { env, notes } = config({ config: { Env: ["A=1", "BROKEN", "=x", "", "B=2"] } }).config;
    expect(env).toEqual({ A: "1", B: "2" });
    expect(notes).toEqual([
      'config.Env: left out "BROKEN", which is not NAME=value',
      'config.Env: left out "=x", which is not NAME=value',
      'config.Env: left out "", which is not NAME=value',
    ]);
  });

  it("keeps its notes short, for any image", () => {
    const { notes } = config({ config: { Env: Array.from({ length: 4096 }, () => "\u001b\n".repeat(400)) } }).config;
    expect(notes).toHaveLength(9);
    expect(notes.at(-1)).toBe("4088 more like the last");
    expect(notes.join("").length).toBeLessThan(4000);
    expect(notes.join("")).not.toMatch(/[\u001b\n]/);
  });

  it("takes volumes for directories, and leaves those of the kernel's alone", () => {
    const Volumes = { "/data/": {}, data: {}, "/a/../b": null, "/sys/fs/cgroup": {}, "/proc": {}, "/dev/shm": {} };
    const { volumes, notes } = config({ config: { Volumes } }).config;
    expect(volumes).toEqual(["/b", "/data"]);
    expect(notes).toHaveLength(3);
    expect(notes[0]).toContain('"/sys/fs/cgroup"');
  });

  const kib = (count: number) => "x".repeat(count * 1024);

  it.each([
    ["Cmd", 1],
    ["Cmd", [1]],
    ["Cmd", [["a"]]],
    ["Entrypoint", {}],
    ["Entrypoint", [true]],
    ["Env", "A=1"],
    ["Env", { A: "1" }],
    ["Env", ["A\0=1"]],
    ["Env", [`A=${kib(128)}`]],
    ["Env", Array.from({ length: 20 }, (_, index) => `A${index}=${kib(64)}`)],
    ["Cmd", [kib(128)]],
    ["WorkingDir", 1],
    ["WorkingDir", ["/a"]],
    ["User", 0],
    ["User", "a\0"],
    ["Labels", { a: 1 }],
    ["Labels", ["a"]],
    ["Volumes", { "/": {} }],
    ["Volumes", { "..": {} }],
    ["Volumes", { "/a\nb": {} }],
    ["Volumes", { "/a\0b": {} }],
    ["Volumes", { [`/${"a".repeat(300)}`]: {} }],
    ["Volumes", "/data"],
    ["Volumes", Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`/v${index}`, {}]))],
  ])("refuses a wrong %s, and names it", (field, value) => {
    const detail = expect.stringMatching(new RegExp(`^config\\.${field}`));
    expect(() => config({ config: { [field]: value } })).toThrowError(
      expect.objectContaining({ code: "IMAGE_INVALID", detail }),
    );
  });
});
