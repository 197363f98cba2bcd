import { describe, expect, it } from "vitest";
import { mergeNetwork, secret } from "../src/policy/network-flags.js";
import { port } from "../src/run/ports.js";

describe("flags about the network", () => {
  it("add rules to those of a policy, and to none", () => {
    expect(mergeNetwork(undefined, {})).toBeUndefined();
    expect(mergeNetwork({ allow: ["a"], limits: {} }, { allow: ["b:1"], deny: ["c"] })).toEqual({
      allow: ["a", "b:1"],
      deny: ["c"],
      limits: {},
    });
    expect(mergeNetwork("none", { allow: ["b"] })).toEqual({ allow: ["b"] });
  });

  it("replace all of it with --net", () => {
    expect(mergeNetwork({ allow: ["a"] }, { net: "none" })).toBe("none");
  });

  it("name where a secret comes from and where it goes, once for each host", () => {
    const first = secret("KEY=env:TOKEN@api.example.org");
    expect(first).toEqual({ KEY: { env: "TOKEN", hosts: ["api.example.org"] } });
    expect(secret("KEY=env:TOKEN@other.example.org:8443", first)).toEqual({
      KEY: { env: "TOKEN", hosts: ["api.example.org", "other.example.org:8443"] },
    });
    expect(secret("FILE=file:./a@b@c.example")).toEqual({ FILE: { file: "./a@b", hosts: ["c.example"] } });
  });

  it.each(["KEY", "KEY=value", "KEY=env:TOKEN", "KEY=value:x@host", "=env:A@b"])("refuse a secret like %s", (text) => {
    expect(() => secret(text)).toThrow("NAME=env:VARIABLE@HOST");
  });

  it("refuse a secret with two sources", () => {
    expect(() => secret("KEY=env:OTHER@b", secret("KEY=env:TOKEN@a"))).toThrow("one source");
  });

  it("publish ports", () => {
    expect(port("8080:80")).toEqual([{ port: 8080, inside: 80 }]);
    expect(port("[::1]:0:443", port("192.0.2.1:1:2"))).toEqual([
      { address: "192.0.2.1", port: 1, inside: 2 },
      { address: "::1", port: 0, inside: 443 },
    ]);
    for (const text of ["80", "8080:", "a:b", "8080:0", "8080:65536", "70000:80", "1:2:3:4"]) {
      expect(() => port(text), text).toThrow("HOSTPORT:PORT");
    }
  });
});
