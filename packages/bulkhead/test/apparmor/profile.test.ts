import { describe, expect, it } from "vitest";
import { generatedProfile } from "../../src/apparmor/profile.js";
import { quotedPath } from "../../src/apparmor/quote.js";
import type { Plan } from "../../src/plan/schema.js";

const PLAN = {
  namespaces: ["mount", "net"],
  root: { readOnly: true },
  capabilities: ["CHOWN"],
  mounts: [
    { kind: "tmpfs", at: "/work", exec: true },
    { kind: "tmpfs", at: "/tmp", exec: false },
    { kind: "bind", at: "/ro", readOnly: true, exec: true },
  ],
} as unknown as Plan;

describe("the profile of a plan", () => {
  it("writes only where the plan does, executes nothing from mounts that forbid it, and says nothing of mounts", () => {
    const text = generatedProfile("p", PLAN, null);
    expect(text).toContain("/work/** rwlk,");
    expect(text).not.toContain("/ro/**");
    expect(text).toContain("deny /tmp/** x,");
    expect(text).toContain("capability chown,");
    expect(text).not.toMatch(/mount|pivot_root|change_profile|userns/);
  });

  it("reads and executes only what the policy's access names", () => {
    const access = { read: ["/usr/lib"], list: ["/"], write: ["/work"], execute: ["/bin/sh"] };
    const text = generatedProfile("p", PLAN, access);
    expect(text).toContain("/usr/lib/** r,");
    expect(text).toContain("/bin/sh rmix,");
    expect(text).not.toMatch(/^ {2}\/\*\* /m);
  });

  it.each([
    ["/a b", '"/a b"'],
    ["/x*", '"/x\\*"'],
    ["/@{HOME}", '"/\\@\\{HOME\\}"'],
    ['/q"', '"/q\\""'],
    ["/plain/**", "/plain/**"],
    ["/odd dir/**", '"/odd dir/**"'],
  ])("names %s as it is", (path, written) => {
    expect(quotedPath(path)).toBe(written);
  });
});
