import { describe, expect, it } from "vitest";
import { mayHaveCredentials } from "../../../src/images/registry/auth/realm.js";
import { Endpoint } from "../../../src/images/registry/endpoint.js";

const endpoint = (registry: string, ...insecure: readonly string[]) =>
  new Endpoint({ registry }, { insecure: new Set(insecure) });
const unsafe = expect.objectContaining({ code: "REGISTRY_UNSAFE" });

describe("where a registry is", () => {
  it.each([
    ["docker.io", "https://registry-1.docker.io/"],
    ["ghcr.io", "https://ghcr.io/"],
    ["registry.example:5000", "https://registry.example:5000/"],
    ["10.0.0.1:5000", "https://10.0.0.1:5000/"],
    ["localhost:5000", "https://localhost:5000/"],
    ["127.0.0.1:5000", "https://127.0.0.1:5000/"],
    ["[::1]:5000", "https://[::1]:5000/"],
  ])("%s is at %s", (registry, url) => {
    expect(endpoint(registry).base.href).toBe(url);
  });

  it("may have no TLS on loopback, and where that was asked for, by name and port", () => {
    const plain = (named: Endpoint) => {
      named.doWithoutTls();
      return named.base.href;
    };
    expect(plain(endpoint("localhost:5000"))).toBe("http://localhost:5000/");
    expect(plain(endpoint("[::1]:5000"))).toBe("http://[::1]:5000/");
    expect(plain(endpoint("registry.example:5000", "registry.example:5000"))).toBe("http://registry.example:5000/");
    for (const named of [endpoint("registry.example"), endpoint("registry.example:5000", "registry.example")]) {
      expect(named.mayBePlain).toBe(false);
      expect(() => named.doWithoutTls()).toThrowError(unsafe);
      expect(named.base.protocol).toBe("https:");
    }
  });
});

describe("the address that a registry's own name leads to", () => {
  it.each(["93.184.216.34", "10.0.0.1", "127.0.0.1"])("may be %s with TLS", (address) => {
    const named = endpoint("registry.example");
    expect(() => named.checkAddress(address, named.base)).not.toThrow();
  });

  it.each(["169.254.169.254", "fe80::1", "0.0.0.0", "::ffff:169.254.169.254"])("is never %s", (address) => {
    const named = endpoint("registry.example");
    expect(() => named.checkAddress(address, named.base)).toThrowError(unsafe);
  });

  it("is on loopback, or localhost has to have TLS", () => {
    const named = endpoint("localhost:5000");
    named.doWithoutTls();
    expect(() => named.checkAddress("127.0.0.1", named.base)).not.toThrow();
    expect(() => named.checkAddress("93.184.216.34", named.base)).toThrowError(unsafe);
  });
});

describe("the address that a registry leads to", () => {
  const target = new URL("https://elsewhere.example/blob");

  it.each([
    ["93.184.216.34", "93.184.216.35", true],
    ["93.184.216.34", "10.0.0.1", false],
    ["93.184.216.34", "127.0.0.1", false],
    ["10.0.0.2", "10.0.0.1", true],
    ["10.0.0.2", "93.184.216.34", true],
    ["10.0.0.2", "127.0.0.1", false],
    ["127.0.0.1", "127.0.0.2", true],
    ["127.0.0.1", "169.254.169.254", false],
  ])("from %s to %s: %s", (own, next, allowed) => {
    const named = endpoint("registry.example");
    named.checkAddress(own, named.base);
    const check = () => named.checkAddress(next, target);
    if (allowed) expect(check).not.toThrow();
    else expect(check).toThrowError(unsafe);
  });

  it("is foreign as long as the registry's address is unknown", () => {
    expect(() => endpoint("registry.example").checkAddress("10.0.0.1", target)).toThrowError(unsafe);
  });

  it("does not count from the nearest of several", () => {
    const named = endpoint("registry.example");
    for (const address of ["10.0.0.1", "93.184.216.34"]) named.checkAddress(address, named.base);
    expect(() => named.checkAddress("10.0.0.2", target)).toThrowError(unsafe);
  });
});

describe("a URL that a registry names", () => {
  it("does not lose TLS", () => {
    const named = endpoint("registry.example");
    for (const url of ["http://registry.example/", "http://localhost/", "http://127.0.0.1/"]) {
      expect(() => named.checkUrl(new URL(url), named.base)).toThrowError(unsafe);
    }
  });

  it("is the registry's own only with the same protocol and port", () => {
    const named = endpoint("registry.example:5000");
    expect(named.isOwn(new URL("https://registry.example:5000/v2/"))).toBe(true);
    for (const url of [
      "https://registry.example/",
      "http://registry.example:5000/",
      "https://registry.example:5001/",
    ]) {
      expect(named.isOwn(new URL(url))).toBe(false);
    }
  });
});

describe("a token server", () => {
  const trusted = new Set(["team.example=https://login.example"]);

  it.each([
    ["docker.io", "https://auth.docker.io/token", true],
    ["docker.io", "https://auth.docker.io.evil.example/token", false],
    ["docker.io", "http://auth.docker.io/token", false],
    ["registry.gitlab.com", "https://gitlab.com/jwt/auth", true],
    ["team.example", "https://auth.team.example/token", true],
    ["team.example", "https://team.example/token", true],
    ["team.example", "https://team.example:444/token", false],
    ["team.example", "https://notteam.example/token", false],
    ["team.example", "https://login.example/token", true],
    ["other.example", "https://login.example/token", false],
    // A name of one part is not above everything that ends so.
    ["registry.internal", "https://internal/token", false],
    ["team.example:5000", "https://auth.team.example/token", false],
    ["localhost:5000", "http://localhost:5000/token", true],
    ["localhost:5000", "http://localhost:5001/token", false],
  ])("of %s at %s: has its credentials %s", (registry, realm, expected) => {
    const named = endpoint(registry);
    if (named.mayBePlain) named.doWithoutTls();
    expect(mayHaveCredentials(named, new URL(realm), { tokenServers: trusted })).toBe(expected);
  });
});
