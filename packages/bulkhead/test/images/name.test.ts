import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatImageName, isRegistry, parseImageName, shortImageName } from "../../src/images/reference/name.js";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

describe("parseImageName", () => {
  it.each([
    ["python", "docker.io/library/python:latest"],
    ["python:3.13-slim", "docker.io/library/python:3.13-slim"],
    ["owner/tool", "docker.io/owner/tool:latest"],
    ["a/b/c:v1", "docker.io/a/b/c:v1"],
    ["docker.io/python", "docker.io/library/python:latest"],
    ["index.docker.io/python", "docker.io/library/python:latest"],
    ["Docker.IO/owner/tool:1", "docker.io/owner/tool:1"],
    ["ghcr.io/owner/tool", "ghcr.io/owner/tool:latest"],
    ["localhost/tool", "localhost/tool:latest"],
    ["localhost:5000/tool:1", "localhost:5000/tool:1"],
    // Without a slash it is a name and a tag, whatever it looks like.
    ["localhost:5000", "docker.io/library/localhost:5000"],
    ["registry:5000/tool", "registry:5000/tool:latest"],
    ["127.0.0.1:5000/a/b:1", "127.0.0.1:5000/a/b:1"],
    ["[::1]:5000/a", "[::1]:5000/a:latest"],
    ["Registry/tool", "registry/tool:latest"],
    [`python@${digest}`, `docker.io/library/python@${digest}`],
    [`python:3@${digest}`, `docker.io/library/python:3@${digest}`],
    ["a__b/c-d/e---f/g.h_i", "docker.io/a__b/c-d/e---f/g.h_i:latest"],
  ])("%s is %s", (text, full) => {
    expect(formatImageName(parseImageName(text))).toBe(full);
  });

  it.each([
    ["", "repository"],
    ["Python", "repository"],
    ["python:", "tag"],
    ["python:-x", "tag"],
    ["python:a/b", "registry"],
    ["python:a:b", "tag"],
    [`python:${"x".repeat(129)}`, "tag"],
    ["python@sha256:abc", "digest"],
    [`python@sha512:${"0".repeat(128)}`, "digest"],
    [`python@${digest.toUpperCase()}`, "digest"],
    [`python@${digest}@${digest}`, "digest"],
    [digest.slice("sha256:".length), "64 hex digits are no name"],
    ["a//b", "repository"],
    ["/a", "repository"],
    ["a/", "repository"],
    ["../a", "registry"],
    ["a/../b", "repository"],
    ["a/..", "repository"],
    ["ghcr.io/a/%2e%2e/b", "repository"],
    ["a b", "repository"],
    ["a\nb", "repository"],
    ["a\0b", "repository"],
    ["a?b", "repository"],
    ["a#b", "repository"],
    ["a._b", "repository"],
    ["a___b", "repository"],
    [`${"a".repeat(256)}`, "repository"],
    ["a".repeat(2000), "too long"],
    ["host:0/a", "registry"],
    ["host:65536/a", "registry"],
    ["host:x/a", "registry"],
    // URLs read these as addresses, or not at all.
    ["a.0/a", "registry"],
    ["2130706433:5000/a", "registry"],
    ["0x7f.1/a", "registry"],
    ["127.1/a", "registry"],
    ["-host.example/a", "registry"],
    ["host..example/a", "registry"],
    ["user@host.example/a", "digest"],
    ["user:password@host.example/a", "digest"],
    ["https://host.example/a", "registry"],
    ["[::1/a", "registry"],
    ["[zz]:5000/a", "registry"],
  ])("refuses %j for its %s", (text, detail) => {
    expect(() => parseImageName(text)).toThrowError(expect.objectContaining({ code: "IMAGE_NAME_INVALID", detail }));
  });

  it("reads what it wrote, long and short", () => {
    const component = fc.stringMatching(/^[a-z0-9]{1,8}((\.|_|__|-{1,3})[a-z0-9]{1,8}){0,2}$/);
    const registry = fc.constantFrom(
      "docker.io",
      "ghcr.io",
      "localhost",
      "localhost:5000",
      "10.0.0.1:80",
      "[::1]:5000",
    );
    const tag = fc.option(fc.stringMatching(/^\w[\w.-]{0,20}$/), { nil: undefined });
    const parts = fc.record({
      registry,
      path: fc.array(component, { minLength: 1, maxLength: 4 }),
      tag,
      pinned: fc.boolean(),
    });
    fc.assert(
      fc.property(parts, ({ registry: host, path, tag: label, pinned }) => {
        const text = `${host}/${path.join("/")}${label === undefined ? "" : `:${label}`}${pinned ? `@${digest}` : ""}`;
        const name = parseImageName(text);
        expect(parseImageName(formatImageName(name))).toEqual(name);
        expect(parseImageName(shortImageName(name))).toEqual(name);
      }),
    );
  });

  it("makes of any text a name that is safe in a URL, or refuses it", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-zA-Z0-9.:/@_[\]-]{0,40}$/)), (text) => {
        let full: string;
        try {
          full = formatImageName(parseImageName(text));
        } catch (error) {
          expect(error).toMatchObject({ code: "IMAGE_NAME_INVALID" });
          return;
        }
        const { registry, repository, tag } = parseImageName(full);
        const url = new URL(`https://${registry}/v2/${repository}/manifests/${tag}`);
        expect(url.pathname).toBe(`/v2/${repository}/manifests/${tag}`);
        expect([url.username, url.password, url.search, url.hash]).toEqual(["", "", "", ""]);
      }),
      { numRuns: 500 },
    );
  });
});

describe("isRegistry", () => {
  it.each(["a", "a.b", "a-b.c:1", "[2001:db8::1]", "1.2.3.4:65535"])("%s", (text) => {
    expect(isRegistry(text)).toBe(true);
  });
  it.each(["", ":1", "a.", ".a", "a_b", "a:", "a:999999", "[1.2.3.4]", "a/b", "A"])("not %j", (text) => {
    expect(isRegistry(text)).toBe(false);
  });
});
