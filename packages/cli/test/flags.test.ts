import { describe, expect, it, vi } from "vitest";
import { mount, tmpfs, variable } from "../src/policy/flags.js";

describe("--mount", () => {
  it.each([
    ["./data:/data", { host: "./data", at: "/data", mode: "ro" }],
    ["/a:/b:rw", { host: "/a", at: "/b", mode: "rw" }],
    ["with:colon:/b:ro", { host: "with:colon", at: "/b", mode: "ro" }],
  ])("reads %s", (text, expected) => {
    expect(mount(text)).toEqual([expected]);
  });

  it.each(["/a", "/a:b", ":/b", "/a:/b:exec", ""])("refuses %j", (text) => {
    expect(() => mount(text)).toThrow(/HOST:\/INSIDE/);
  });
});

describe("--tmpfs", () => {
  it.each([
    ["/x", { tmpfs: "/x" }],
    ["/x:64MiB", { tmpfs: "/x", size: "64MiB" }],
  ])("reads %s", (text, expected) => {
    expect(tmpfs(text)).toEqual([expected]);
  });
});

describe("--env", () => {
  it("sets, also to what holds =, and to nothing", () => {
    expect(variable("C=", variable("B=x=y", variable("A=1")))).toEqual({ A: "1", B: "x=y", C: "" });
  });

  it("passes on only what is named", () => {
    vi.stubEnv("BULKHEAD_TEST_VARIABLE", "here");
    expect(variable("BULKHEAD_TEST_VARIABLE")).toEqual({ BULKHEAD_TEST_VARIABLE: "here" });
    vi.unstubAllEnvs();
    expect(() => variable("BULKHEAD_TEST_VARIABLE")).toThrow(/NAME=VALUE/);
  });
});
