import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parsePlan } from "../../src/plan/schema.js";

/** The same files that the Rust types are held to. */
const fixtures = fileURLToPath(new URL("../../../../warden/plan/fixtures/", import.meta.url));

/** One change to an accepted plan that makes it one to be refused. */
interface Refused {
  readonly why: string;
  /** The name of the accepted plan. */
  readonly base: string;
  /** Null where the document does not even have the shape of a plan. */
  readonly field: string | null;
  /** JSON pointers and what to put there. */
  readonly put?: Readonly<Record<string, unknown>>;
  readonly remove?: readonly string[];
}

function read(folder: string, name: string): unknown {
  return JSON.parse(readFileSync(`${fixtures}${folder}/${name}.json`, "utf8"));
}

function names(folder: string): readonly string[] {
  return readdirSync(`${fixtures}${folder}`).map((file) => file.replace(/\.json$/, ""));
}

/** The object or array that a pointer ends in, and the last part of the pointer. */
function target(document: unknown, pointer: string): readonly [object, string] {
  const parts = pointer.split("/").slice(1);
  const last = parts.pop() ?? "";
  const parent = parts.reduce((value: unknown, part) => Reflect.get(Object(value), part), document);
  return [Object(parent), last];
}

function changed({ base, put = {}, remove = [] }: Refused): unknown {
  const plan = read("accepted", base);
  for (const [pointer, value] of Object.entries(put)) Reflect.set(...target(plan, pointer), value);
  for (const pointer of remove) Reflect.deleteProperty(...target(plan, pointer));
  return plan;
}

describe("accepted plans", () => {
  it.each(names("accepted"))("%s", (name) => {
    const plan = parsePlan(read("accepted", name));
    expect(parsePlan(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
  });
});

describe("refused plans", () => {
  it.each(names("refused"))("%s", (name) => {
    const refused = read("refused", name) as Refused;
    expect(refused.why).not.toBe("");
    const context = { code: "PLAN_INVALID", ...(refused.field === null ? {} : { detail: refused.field }) };
    expect(() => parsePlan(changed(refused))).toThrow(expect.objectContaining(context));
  });

  it("too many bytes in all, though each part is within its bounds", () => {
    const plan = read("accepted", "host-root");
    const [mounts] = target(plan, "/mounts/0");
    const files = Array.from({ length: 13 }, (_, index) => ({
      kind: "file",
      at: `/etc/file-${index}`,
      content: "x".repeat(65_536),
    }));
    Reflect.set(plan as object, "mounts", [...(mounts as unknown[]), ...files]);
    expect(() => parsePlan(plan)).toThrow(expect.objectContaining({ code: "PLAN_INVALID", detail: "bytes" }));
  });

  it.each([null, undefined, [], "plan", 1, new Map()])("%s", (value) => {
    expect(() => parsePlan(value)).toThrow(expect.objectContaining({ code: "PLAN_INVALID" }));
  });
});
