import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseService } from "../../src/services/file/load.js";
import { componentFields, serviceFields } from "../../src/services/file/schema.js";
import { serviceJsonSchema } from "../../src/services/json-schema.js";

const page = readFileSync(new URL("../../../../docs/services.md", import.meta.url), "utf8");

describe("docs/services.md", () => {
  it("shows service files that are valid, each with a component more", async () => {
    const examples = [...page.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text = ""]) => text);
    const specs = await Promise.all(examples.map(async (text) => await parseService(text, "example", "/srv")));
    expect(specs.map(({ components }) => components.length)).toEqual([1, 2, 3]);
  });

  it("has a line for every field", () => {
    const described = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
    const commands = ["up", "down"];
    const fields = [...Object.keys(serviceFields()), ...Object.keys(componentFields())];
    expect(described.filter((name) => !commands.includes(name ?? "")).sort()).toEqual(fields.sort());
  });
});

describe("the JSON Schema of service files", () => {
  it("has the fields of a service, of a component and of a policy", async () => {
    const schema = JSON.stringify(await serviceJsonSchema());
    for (const field of ["components", "provides", "uses", "listen", "resources", "capabilities"]) {
      expect(schema).toContain(`"${field}"`);
    }
  });
});
