import { describe, expect, it } from "vitest";
import { parsePolicy } from "../../src/policy/parse.js";

describe("names of hosts in a policy", () => {
  it("are for addresses of the loopback inside", () => {
    expect(parsePolicy({ hosts: { api: "127.0.0.2", "a.b": "127.1.2.255" } }).hosts).toEqual({
      api: "127.0.0.2",
      "a.b": "127.1.2.255",
    });
    expect(parsePolicy({}).hosts).toEqual({});
  });

  it.each([
    { api: "10.0.0.1" },
    { api: "127.0.0.256" },
    { api: "127.0.0.1\n10.0.0.1 x" },
    { localhost: "127.0.0.2" },
    { "a b": "127.0.0.2" },
    { "a\nb": "127.0.0.2" },
    { A: "127.0.0.2" },
    { "": "127.0.0.2" },
    Object.fromEntries(Array.from({ length: 257 }, (_, at) => [`h${at}`, "127.0.0.2"])),
  ])("are refused: %j", (hosts) => {
    expect(() => parsePolicy({ hosts })).toThrow(/hosts/);
  });
});
