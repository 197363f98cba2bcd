import { describe, expect, it } from "vitest";
import { proxyAuthorization, proxyFor, proxyFromEnvironment } from "../../../src/images/registry/proxy/choose.js";

const PROXY = "http://proxy.corp:3128";
const chosen = (url: string, none = "") => proxyFor(new URL(url), { https: PROXY, http: PROXY, none })?.host;

describe("the proxy of a URL", () => {
  it.each([
    ["https://registry.example/", ""],
    ["https://registry.example:5000/", "registry.example:5001"],
    ["https://registry.example/", "example.org,xregistry.example,.registry.example"],
    ["https://notexample.com/", "example.com"],
    ["https://10.1.2.3/", "10.2.0.0/16,10.1.2.4,2.3"],
    ["https://[fd00::1]/", "fd01::/16, fd00::2, 10.0.0.0/8"],
    ["https://registry.example/", "10.0.0.0/99,/8,10.0.0.0/,*x,,"],
    ["http://registry.example:5000/", "registry.example:443"],
  ])("%s is asked through it with NO_PROXY=%j", (url, none) => {
    expect(chosen(url, none)).toBe("proxy.corp:3128");
  });

  it.each([
    ["https://registry.example/", "*"],
    ["https://registry.example/", "registry.example"],
    ["https://Registry.Example/", " REGISTRY.example , x"],
    ["https://a.b.example/", "example"],
    ["https://a.example/", ".example"],
    ["https://a.example/", "*.example"],
    ["https://registry.example/", "registry.example:443"],
    ["http://registry.example/", "registry.example:80"],
    ["https://registry.example:5000/", "example:5000"],
    ["https://10.1.2.3/", "10.1.2.3"],
    ["https://10.1.2.3/", "10.0.0.0/8"],
    ["https://10.1.2.3:5000/", "10.1.2.3:5000"],
    ["https://[fd00::1]/", "fd00::/8"],
    ["https://[fd00::1]:5000/", "[fd00::1]:5000"],
    ["https://[fd00::1]/", "fd00::1"],
    ["https://localhost:5000/", ""],
    ["https://127.0.0.1:5000/", ""],
    ["http://127.9.9.9/", ""],
    ["https://[::1]/", ""],
  ])("%s is asked without with NO_PROXY=%j", (url, none) => {
    expect(chosen(url, none)).toBeUndefined();
  });

  it("is by protocol, and what is missing of it http", () => {
    expect(proxyFor(new URL("http://a.example"), { https: PROXY })).toBeUndefined();
    expect(proxyFor(new URL("https://a.example"), { http: PROXY })).toBeUndefined();
    expect(proxyFor(new URL("https://a.example"), { https: "proxy.corp:3128" })?.href).toBe("http://proxy.corp:3128/");
    expect(proxyFor(new URL("https://a.example"), { https: "https://proxy.corp" })?.protocol).toBe("https:");
  });

  it.each(["socks5://user:secret@proxy.corp", "http://:secret@", "file:///etc/passwd", "http://user:secret@:port"])(
    "is refused as %s, without quoting its value",
    (https) => {
      const error = caught(() => proxyFor(new URL("https://a.example"), { https }));
      expect(error).toMatchObject({ code: "REGISTRY_PROXY", path: "HTTPS_PROXY" });
      expect(JSON.stringify(error)).not.toContain("secret");
    },
  );

  it("comes from variables in capitals first", () => {
    const env = { HTTPS_PROXY: "a", https_proxy: "b", http_proxy: "c", NO_PROXY: "", no_proxy: "d" };
    expect(proxyFromEnvironment(env)).toEqual({ https: "a", http: "c", none: "d" });
    expect(proxyFromEnvironment({})).toEqual({ https: undefined, http: undefined, none: undefined });
  });

  it.each([
    ["http://user:p%3Ass%20word@proxy", "user:p:ss word"],
    ["http://user@proxy", "user:"],
    ["http://us%zzer:x@proxy", "us%zzer:x"],
    ["http://proxy", undefined],
  ])("%s gets the credentials of its URL", (url, expected) => {
    const header = proxyAuthorization(new URL(url))["proxy-authorization"];
    expect(header).toBe(expected === undefined ? undefined : `Basic ${Buffer.from(expected).toString("base64")}`);
  });
});

function caught(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}
