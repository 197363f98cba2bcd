import { describe, expect, it } from "vitest";
import { generalise } from "../../src/learn/generalise.js";
import { addRun, NOTHING_LEARNED } from "../../src/learn/learned.js";
import type { FileSeen, Observation } from "../../src/learn/observation.js";

function observed(files: readonly FileSeen[]): Observation {
  return { version: 1, syscalls: [], files: [...files], peers: [], cutOff: false };
}

function file(path: string, uses: FileSeen["uses"], kind: FileSeen["kind"] = "file"): FileSeen {
  return { path, uses, kind };
}

function rulesFor(...files: readonly FileSeen[]) {
  return generalise(addRun(NOTHING_LEARNED, observed(files)));
}

describe("generalising what was seen of files", () => {
  it("names the package's directory below shared trees, and the file itself elsewhere", () => {
    const { read } = rulesFor(
      file("/usr/lib/python3.11/os.py", ["read"]),
      file("/usr/lib/python3.11/json/__init__.py", ["read"]),
      file("/usr/lib/os-release", ["read"]),
      file("/data/in.txt", ["read"]),
    );
    expect(read).toEqual(["/data/in.txt", "/usr/lib/os-release", "/usr/lib/python3.11"]);
  });

  it("allows writing to a directory in which files are created, for any name", () => {
    const rules = rulesFor(
      file("/tmp/tmpab12/x", ["write", "create"], "gone"),
      file("/tmp/tmpab12", ["create", "remove"], "gone"),
      file("/work/out.txt", ["write", "create"]),
    );
    expect(rules.write).toEqual(["/tmp", "/work"]);
    expect(rules.read).toEqual([]);
  });

  it("can read its own output", () => {
    expect(rulesFor(file("/work/cache", ["read", "write", "create"])).read).toEqual(["/work"]);
  });

  it("writes no more than the file that was there", () => {
    expect(rulesFor(file("/work/log", ["write"])).write).toEqual(["/work/log"]);
  });

  it("lists directories without reading what is in them", () => {
    const rules = rulesFor(file("/", ["read"], "directory"), file("/work", ["read"], "directory"));
    expect(rules).toEqual({ read: [], list: ["/"], write: [], execute: [] });
  });

  it("takes process numbers and devices as they are: others next time, and always allowed", () => {
    const rules = rulesFor(file("/proc/12/status", ["read"]), file("/dev/null", ["read", "write"]));
    expect(rules).toEqual({ read: ["/proc"], list: [], write: [], execute: [] });
  });

  it("does not mind looking", () => {
    expect(rulesFor(file("/etc/passwd", ["look"]))).toEqual({ read: [], list: [], write: [], execute: [] });
  });

  it("keeps no rule that another one covers", () => {
    const { execute } = rulesFor(
      file("/work/made", ["create", "execute", "write"]),
      file("/work", ["execute"], "directory"),
    );
    expect(execute).toEqual(["/work"]);
  });
});
