import { describe, expect, it, vi } from "vitest";
import { BulkheadError } from "../../src/errors/bulkhead-error.js";

describe("two copies of the library", () => {
  it("know each other's errors", async () => {
    vi.resetModules();
    const other = await import("../../src/errors/bulkhead-error.js");
    expect(other.BulkheadError).not.toBe(BulkheadError);
    expect(new other.BulkheadError("ABORTED") instanceof BulkheadError).toBe(true);
    expect(new BulkheadError("ABORTED") instanceof other.BulkheadError).toBe(true);
  });

  it("take nothing else for one", () => {
    class Own extends BulkheadError {}
    expect(new Own("ABORTED") instanceof BulkheadError).toBe(true);
    expect(new BulkheadError("ABORTED") instanceof Own).toBe(false);
    for (const value of [new Error("x"), null, undefined, 5, "ABORTED", {}, { code: "ABORTED", remedy: "" }]) {
      expect((value as object) instanceof BulkheadError).toBe(false);
    }
    expect(Object.keys(new BulkheadError("ABORTED"))).not.toContain("bulkhead.BulkheadError");
  });
});
