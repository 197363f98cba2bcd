import { describe, expect, it } from "vitest";
import { reasonFor, whyNotMapped } from "../../src/plan/inputs/file-system.js";

const TMPFS = 0x01021994;
const OVERLAYFS = 0x794c7630;
const EXT4 = 0xef53;

describe("file systems that cannot be mounted with ids mapped", () => {
  it.each([
    [TMPFS, "6.1.0-18-amd64", "tmpfs can since Linux 6.3, this is 6.1.0-18-amd64"],
    [TMPFS, "6.3.0", undefined],
    [EXT4, "5.13.0", undefined],
    [OVERLAYFS, "7.2.0", "overlayfs cannot on any kernel"],
    [0x6969, "7.2.0", "NFS cannot on any kernel"],
    [0x12345678, "5.13.0", undefined],
  ])("%i on Linux %s: %s", (magic, kernel, why) => {
    expect(reasonFor(magic, kernel)).toBe(why);
  });

  it("are known by their number, and what cannot be looked at is left to the warden", () => {
    expect(whyNotMapped("/proc/self")).toBeUndefined();
    expect(whyNotMapped("/no/such/path")).toBeUndefined();
  });
});
