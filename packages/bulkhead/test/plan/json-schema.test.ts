import { describe, expect, it } from "vitest";
import { z } from "zod";
import { planJsonSchema } from "../../src/plan/json-schema.js";
import { compiled } from "./compile-support.js";

describe("the JSON Schema of plans", () => {
  it("accepts what is compiled, and refuses another shape", async () => {
    const schema = z.fromJSONSchema(await planJsonSchema());
    const { plan } = compiled({ files: [{ tmpfs: "/data" }] });
    expect(schema.parse(plan)).toEqual(plan);
    const { hostname: _, ...less } = plan;
    for (const wrong of [
      { ...plan, more: 1 },
      { ...plan, level: "none" },
      { ...plan, mounts: [{ kind: "bind" }] },
      less,
    ]) {
      expect(schema.safeParse(wrong).success).toBe(false);
    }
  });
});
