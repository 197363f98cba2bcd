import { describe, expect, it } from "vitest";
import { policyJsonSchema } from "../../src/policy/json-schema.js";
import { policySchema } from "../../src/policy/schema.js";

describe("the JSON Schema", () => {
  it("describes every field and refuses others", async () => {
    const schema = await policyJsonSchema();
    expect(Object.keys(schema["properties"] ?? {})).toEqual(Object.keys(policySchema.def.shape));
    expect(schema).toMatchObject({ type: "object", additionalProperties: false });
    expect(schema).not.toHaveProperty("required");
  });
});
