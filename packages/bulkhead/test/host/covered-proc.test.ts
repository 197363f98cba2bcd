import { describe, expect, it } from "vitest";
import { coveringMounts } from "../../src/host/examine/covered-proc.js";
import type { Facts } from "../../src/host/facts.js";
import { missingUserNamespaces } from "../../src/host/requirements.js";

const PROC = "22 27 0:20 / /proc rw,nosuid,nodev,noexec - proc proc rw";
const ROOT = "27 1 8:1 / / rw - ext4 /dev/sda1 rw";
const BINFMT = "30 22 0:29 / /proc/sys/fs/binfmt_misc rw - autofs systemd-1 rw,fd=29";
const NFSD = "31 22 0:30 / /proc/fs/nfsd rw - nfsd nfsd rw";
/** As runc mounts them for Docker's masked and read-only paths. */
const MASKS = [
  "813 22 0:20 /bus /proc/bus ro,relatime - proc proc rw",
  "817 22 0:107 / /proc/acpi ro,relatime - tmpfs tmpfs ro",
  "818 22 0:102 /null /proc/keys rw,nosuid - tmpfs tmpfs rw,size=65536k,mode=755",
];
/** As LXC mounts one for containers that may nest. */
const SECOND = "40 27 0:60 / /dev/.lxc/proc rw - proc proc rw";

describe("the mounts that cover /proc", () => {
  it.each([
    ["a machine's", [ROOT, PROC, BINFMT, NFSD], []],
    ["Docker's", [ROOT, PROC, ...MASKS], ["/proc/bus", "/proc/acpi", "/proc/keys"]],
    ["those beside a proc file system that can be seen whole", [ROOT, PROC, ...MASKS, SECOND], []],
    ["those of a namespace whose only proc file system is a part of one", [ROOT, MASKS[0] ?? ""], []],
    ["a directory beside /proc", [ROOT, PROC, "9 27 0:9 / /proc2/x rw - tmpfs t rw"], []],
    ["no text", [""], []],
    ["text that is not mountinfo", ["a b c", "- -", " - proc"], []],
  ])("are found: %s", (_name, lines, covering) => {
    expect(coveringMounts(lines.join("\n"))).toEqual(covering);
  });

  it("make levels with user namespaces unavailable, with what to change", () => {
    const facts = { userns: { works: true } } as Facts;
    expect(missingUserNamespaces({ facts, architecture: "x64", tried: {} })).toEqual([]);
    const host = { facts, architecture: "x64", tried: {}, coveredProc: ["/proc/bus", "/a", "/b", "/c"] };
    const [missing, ...more] = missingUserNamespaces(host);
    expect(more).toEqual([]);
    expect(missing).toMatchObject({
      what: expect.stringContaining("/proc/bus, /a, /b, …"),
      remedy: expect.stringContaining("systempaths=unconfined"),
    });
  });
});
