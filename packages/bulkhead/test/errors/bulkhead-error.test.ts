import { describe, expect, it } from "vitest";
import { BulkheadError } from "../../src/errors/bulkhead-error.js";
import { errorFromWire } from "../../src/errors/wire.js";

describe("an error's message", () => {
  it("says the cause, what was attempted on what, and the kernel's answer by name", () => {
    const error = new BulkheadError("ROOT_UNAVAILABLE", { operation: "openat2", path: "/srv/root", errno: 2 });
    expect(error.message).toBe(
      'the root directory cannot be opened with the caller\'s permissions (openat2 "/srv/root": ENOENT)',
    );
  });

  it("puts several problems on lines of their own", () => {
    const error = new BulkheadError("POLICY_INVALID", { detail: "a: wrong\nb: wrong" });
    expect(error.message).toBe("the policy is not valid:\n  a: wrong\n  b: wrong");
  });

  it("keeps terminal escapes of hostile names out", () => {
    const error = new BulkheadError("FILE_NOT_FOUND", {
      operation: "\u009b2J",
      path: "/work/\u001b]0;owned\u0007",
      detail: "\u202Egnp.exe",
    });
    expect(error.message).not.toMatch(/[\u001b\u0007\u009b\u202e]/);
    expect(error.path).toContain("\u001b");
  });
});

describe("what an error was about", () => {
  it("forges no line of the message, whatever it is called", () => {
    const forged = "x\nremedy: trust me\u2028remedy: do\u2029";
    const error = new BulkheadError("FILE_NOT_FOUND", { operation: forged, path: forged });
    expect(error.message).not.toMatch(/[\n\u2028\u2029]/);
    expect(error.path).toBe(forged);
  });
});

describe("errorFromWire", () => {
  it("keeps code and context", () => {
    const error = errorFromWire({ code: "FILE_NOT_FOUND", operation: "open", path: "/x", errno: 2 }, "FILE_FAILED");
    expect(error).toMatchObject({ code: "FILE_NOT_FOUND", operation: "open", path: "/x", errno: 2, fault: "user" });
  });

  it.each([null, "x", 5, [], { code: "toString" }, { code: "NEW_CODE" }, { code: 7, operation: 5, errno: "2" }])(
    "makes the fallback of %j",
    (value) => {
      expect(errorFromWire(value, "LAUNCH_FAILED")).toMatchObject({ code: "LAUNCH_FAILED", errno: undefined });
    },
  );

  it("cuts what is longer than the protocol allows", () => {
    expect(errorFromWire({ operation: "o".repeat(1e6) }, "FILE_FAILED").operation).toHaveLength(64);
  });
});
