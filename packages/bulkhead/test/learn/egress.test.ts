import { describe, expect, it } from "vitest";
import { learnedNetwork } from "../../src/learn/egress.js";
import { addRun, type Learned, NOTHING_LEARNED } from "../../src/learn/learned.js";
import type { Observation } from "../../src/learn/observation.js";

const NOTHING: Observation = { version: 1, syscalls: [], files: [], peers: [], cutOff: false };

function learned(...egress: readonly (readonly [host: string, port: number, rule: string | null])[]): Learned {
  return addRun(
    NOTHING_LEARNED,
    NOTHING,
    egress.map(([host, port, rule]) => ({ host, port, rule })),
  );
}

describe("the least network", () => {
  it("is empty if nothing went out, even if the policy allowed some", () => {
    expect(learnedNetwork(learned(), "full")).toBeUndefined();
    expect(learnedNetwork(learned(), { allow: ["a.example"] })).toBeUndefined();
  });

  it("is what was reached, where everything public was allowed", () => {
    const seen = learned(
      ["b.example", 443, "*"],
      ["a.example", 80, "*"],
      ["2001:db8::1", 443, "*"],
      ["a.example", 80, "*"],
    );
    expect(learnedNetwork(seen, "full")).toEqual({ allow: ["[2001:db8::1]:443", "a.example:80", "b.example:443"] });
  });

  it("narrows wildcards and ports, drops rules that nothing used, and keeps what says more", () => {
    const object = { host: "c.example", protocol: "https" as const, methods: ["GET"] };
    const network = {
      allow: ["*.cdn.example", "unused.example", "https://d.example/path", object],
      deny: ["x.cdn.example"],
    };
    const texts = "https://c.example GET";
    const seen = learned(
      ["y.cdn.example", 443, "*.cdn.example"],
      ["d.example", 443, "https://d.example/path"],
      ["c.example", 443, texts],
    );
    expect(learnedNetwork(seen, network)).toEqual({
      allow: ["y.cdn.example:443", "https://d.example/path", { ...object, ports: [443] }],
      deny: ["x.cdn.example"],
    });
  });

  it("counts in how many runs a destination was reached", () => {
    const twice = addRun(learned(["a.example", 443, "a.example"]), NOTHING, [
      { host: "a.example", port: 443, rule: "a.example" },
      { host: "b.example", port: 443, rule: "*" },
    ]);
    expect(twice.egress?.map(({ host, runs }) => [host, runs])).toEqual([
      ["a.example", 2],
      ["b.example", 1],
    ]);
  });
});
