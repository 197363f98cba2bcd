import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parsePolicyText } from "../../src/policy/load.js";
import { parsePolicy } from "../../src/policy/parse.js";
import { FIELD_NAMES } from "../../src/policy/schema.js";

const page = readFileSync(new URL("../../../../docs/policy.md", import.meta.url), "utf8");

describe("docs/policy.md", () => {
  it("shows a policy that is one", async () => {
    const examples = [...page.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text = ""]) => text);
    expect(examples).not.toEqual([]);
    for (const text of examples) expect(parsePolicy(await parsePolicyText(text))).toMatchObject({ workdir: "/work" });
  });

  it("has a line for every field", () => {
    const [fields = ""] = page.split(/^## /m).slice(0, 1);
    const described = [...fields.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
    expect(described.sort()).toEqual([...FIELD_NAMES].sort());
  });
});
