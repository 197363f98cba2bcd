import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judge } from "../../src/egress/addresses/judge.js";
import { ReservedNames } from "../../src/egress/resolve/reserved-names.js";
import { gateFor } from "./world.js";

describe("an address", () => {
  it.each([
    ["0.0.0.0", "unspecified"],
    ["10.255.255.255", "private"],
    ["100.64.0.1", "shared (carrier-grade NAT)"],
    ["100.100.100.200", "metadata of clouds"],
    ["127.8.8.8", "loopback"],
    ["168.63.129.16", "metadata of clouds"],
    ["169.254.169.254", "link-local"],
    ["172.31.0.1", "private"],
    ["192.0.0.192", "metadata of clouds"],
    ["192.168.0.1", "private"],
    ["198.19.255.255", "benchmarks"],
    ["203.0.113.5", "documentation"],
    ["239.1.1.1", "multicast"],
    ["255.255.255.255", "reserved"],
    ["::", "unspecified"],
    ["::1", "loopback"],
    ["::ffff:10.0.0.1", "private"],
    ["::ffff:a9fe:a9fe", "link-local"],
    ["::10.0.0.1", "private"],
    ["64:ff9b::10.0.0.1", "private"],
    ["64:ff9b:1::1", "NAT64 of a local network"],
    ["2001::1", "protocol assignments"],
    ["2001:db8::1", "documentation"],
    ["2002:7f00:1::", "6to4"],
    ["fd00:ec2::254", "metadata of clouds"],
    ["fd12:3456::1", "private"],
    ["fe80::1", "link-local"],
    ["ff02::1", "multicast"],
    ["4000::1", "reserved"],
    ["1.1.1.1", null],
    ["2606:4700:4700::1111", null],
    ["64:ff9b::1.1.1.1", null],
    ["::ffff:1.1.1.1", null],
  ])("%s is %s", (address, special) => {
    expect(judge(address)?.special).toBe(special);
  });

  it.each(["fe80::1%eth0", "1.2.3", "example.org", ""])("%j is none", (text) => {
    expect(judge(text)).toBeUndefined();
  });

  it("is the same in every way it can be written", () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const plain = judge(address);
        expect(judge(`::ffff:${address}`)).toMatchObject({ address: plain?.address, special: plain?.special });
        expect(judge(`64:ff9b::${address}`)?.special).toBe(plain?.special);
      }),
    );
  });
});

describe("a name that may lead to private addresses", () => {
  it.each([
    ["10.0.0.1", true],
    ["127.0.0.1", true],
    ["169.254.169.254", false],
    ["fd00:ec2::254", false],
    ["100.100.100.200", false],
  ])("to %s: %s", async (address, allowed) => {
    const rules = { allow: [{ host: "good.test", private: true }] };
    const { gate } = await gateFor({ network: rules }, { resolver: async () => [address] });
    expect(await gate.decide({ via: "connect", host: "good.test", port: 443 })).toMatchObject({ allowed });
  });
});

describe("a wildcard", () => {
  it.each(["*.com", "*.co.uk", "*.github.io", "*.local"])(
    "%s is refused, except by a rule that denies",
    async (rule) => {
      await expect(gateFor({ network: { allow: [rule] } })).rejects.toMatchObject({
        code: "POLICY_INVALID",
        detail: expect.stringContaining("network.allow[0]"),
      });
      await expect(gateFor({ network: { allow: ["example.org"], deny: [rule] } })).resolves.toBeDefined();
    },
  );
});

describe("reserved addresses", () => {
  it.each([
    ["container", "benchmarks"],
    ["gvisor", "loopback"],
  ] as const)("stand for one name each, at %s of %s, until there are no more", (level, special) => {
    const names = new ReservedNames(level);
    const given = Array.from({ length: 40_000 }, (_, index) => names.addressFor(`n${index}.test`));
    const real = given.filter((address) => address !== null);
    expect(new Set(real).size).toBe(real.length);
    expect(real.every((address) => judge(address)?.special === special)).toBe(true);
    expect(given.at(-1)).toBeNull();
    expect(names.nameOf(real.at(-1) ?? "")).toBe(`n${real.length - 1}.test`);
    expect(names.addressFor("n0.test")).toBe(real[0]);
  });
});
