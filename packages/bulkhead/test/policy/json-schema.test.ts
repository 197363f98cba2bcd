import { describe, expect, it } from "vitest";
import { policyJsonSchema } from "../../src/policy/json-schema.js";
import { FIELD_NAMES } from "../../src/policy/schema.js";

describe("the JSON Schema", () => {
  it("describes every field and refuses others", async () => {
    const schema = await policyJsonSchema();
    expect(Object.keys(schema["properties"] ?? {})).toEqual([...FIELD_NAMES]);
    expect(schema).toMatchObject({ type: "object", additionalProperties: false });
    expect(schema).not.toHaveProperty("required");
  });
});
