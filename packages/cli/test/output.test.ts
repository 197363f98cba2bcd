import { describe, expect, it } from "vitest";
import { styleFor } from "../src/output/style.js";
import { table, wrap } from "../src/output/table.js";
import { jsonLine } from "../src/output/write.js";

describe("a table", () => {
  const rows = [
    [
      { text: "a" },
      { text: "enforced", paint: (text: string) => `<${text}>` },
      { text: "one two three four five six seven" },
    ],
    [{ text: "longer" }, { text: "no" }, { text: "x" }],
  ];

  it("is one line a row when piped, lined up by what is seen and not by paint", () => {
    expect(table(rows)).toBe("a       <enforced>  one two three four five six seven\nlonger  no        x");
  });

  it("breaks its last column to fit a terminal", () => {
    expect(table(rows, 48)).toBe(
      "a       <enforced>  one two three four five six\n                  seven\nlonger  no        x",
    );
  });
});

describe("wrap", () => {
  it("never cuts a word", () => {
    expect(wrap("sysctl kernel.apparmor_restrict_unprivileged_userns=0 now", 20)).toEqual([
      "sysctl",
      "kernel.apparmor_restrict_unprivileged_userns=0",
      "now",
    ]);
  });
});

describe("colours", () => {
  it("appear only on terminals, and not with NO_COLOR", () => {
    expect(styleFor({ isTTY: true }, {}).bad("x")).toBe("\u001b[31mx\u001b[0m");
    expect(styleFor({ isTTY: false }, {}).bad("x")).toBe("x");
    expect(styleFor({}, {}).bad("x")).toBe("x");
    expect(styleFor({ isTTY: true }, { NO_COLOR: "1" }).bad("x")).toBe("x");
    expect(styleFor({ isTTY: true }, { TERM: "dumb" }).bad("x")).toBe("x");
  });
});

describe("JSON on a terminal", () => {
  it("holds nothing that a terminal acts on, and is the same JSON", () => {
    const result = { stdout: 'plain é "quoted" \u001b[2J\u009b2J\u007f\u202egnp.exe\u2028' };
    expect(jsonLine(result)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(JSON.parse(jsonLine(result))).toEqual(result);
  });
});
