import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isErrorCode, registry } from "../../src/errors/registry.js";

const source = readFileSync(new URL("../../../../warden/error/src/lib.rs", import.meta.url), "utf8");

/** `EXEC_NOT_FOUND` for `ExecNotFound`, as serde writes the enum's variants. */
function wireNames(rust: string): readonly string[] {
  const body = /codes! \{([^}]*)\}/.exec(rust)?.[1] ?? "";
  return [...body.matchAll(/^\s*([A-Z]\w*),/gm)].map(([, name = ""]) =>
    name.replace(/(?<!^)([A-Z])/g, "_$1").toUpperCase(),
  );
}

describe("the registry of error codes", () => {
  it("knows every code that the warden can send", () => {
    const codes = wireNames(source);
    expect(codes.length).toBeGreaterThan(30);
    expect(codes.filter((code) => !isErrorCode(code))).toEqual([]);
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
