import { describe, expect, it } from "vitest";
import { INIT_CODES, WARDEN_CODES } from "../../src/contract/generated/codes.js";
import { isErrorCode, registry } from "../../src/errors/registry.js";

describe("the registry of error codes", () => {
  it("knows every code that the warden can send", () => {
    expect(WARDEN_CODES.length).toBeGreaterThan(30);
    expect(WARDEN_CODES.filter((code) => !isErrorCode(code))).toEqual([]);
    expect(INIT_CODES.filter((code) => !WARDEN_CODES.includes(code))).toEqual([]);
  });

  it.each(Object.entries(registry))("%s has a cause and a remedy worth reading", (_code, { cause, remedy }) => {
    expect(cause).not.toMatch(/[.!]$/);
    expect(cause.length).toBeGreaterThan(10);
    expect(remedy).toMatch(/^[A-Z].*[.]$/s);
  });

  it("does not take names that every object has for codes", () => {
    expect(isErrorCode("constructor")).toBe(false);
    expect(isErrorCode("__proto__")).toBe(false);
  });
});
