import { existsSync, readFileSync } from "node:fs";
import type { Level, Plan, Policy } from "bulkhead";
import { describe, expect, it } from "vitest";
import { createChanged } from "../support/changed-plan.js";
import { lackFor } from "../support/levels.js";

const PROFILES = "/sys/kernel/security/apparmor/profiles";
const HOST: readonly Level[] = existsSync(PROFILES) && process.getuid?.() === 0 ? ["chroot", "container"] : [];
const parser = existsSync("/usr/sbin/apparmor_parser") && existsSync("/usr/share/apparmor-features/features");
const machine = process.env["BULKHEAD_MICROVM_TESTS"] === "0" ? "switched off" : await lackFor("microvm");
const LEVELS: readonly Level[] = parser ? [...HOST, ...(machine === undefined ? (["microvm"] as const) : [])] : [];

/** Everything in the base root may be read and executed, but not /etc; nothing but /work be written. */
const POLICY: Policy = {
  access: { read: ["/bin", "/usr", "/lib", "/work"], list: ["/"], write: ["/work"], execute: ["/bin", "/usr", "/lib"] },
  files: [{ tmpfs: "/open", size: "1MiB" }],
};
/** Every other layer opened: no Landlock, and a mount that anybody may write to. */
const onlyAppArmor = (plan: Plan): Plan => ({ ...plan, landlock: null });

if (LEVELS.length === 0)
  it.skip("a generated profile (skipped: neither an AppArmor kernel nor a guest with one, or no parser)", () =>
    undefined);

describe.each(LEVELS)("a generated profile at level %s", (level) => {
  it("refuses paths that the policy does not name, with every other layer open", async () => {
    const script =
      "cat /etc/hosts >/dev/null && echo read; echo x >/open/file && echo wrote; echo y >/work/file && cat /work/file";
    await using open = await createChanged({ ...POLICY, level }, onlyAppArmor);
    const without = await open.run(["sh", "-c", script]);
    expect(without.stdout).toBe("read\nwrote\ny\n");

    await using confined = await createChanged({ ...POLICY, level, apparmor: "generated" }, onlyAppArmor);
    const { stdout, stderr } = await confined.run(["sh", "-c", script]);
    expect(stdout).toBe("y\n");
    expect(stderr).toMatch(/hosts.*Permission denied[\s\S]*open\/file.*Permission denied/);
    const label = (await confined.run(["sh", "-c", "read -r label </proc/self/attr/current; echo $label"])).stdout;
    expect(label).toMatch(/^bulkhead-[a-z0-9-]+ \(enforce\)\n$/);
    if (level !== "microvm") {
      expect((await confined.evidence()).init.lsm).toBe(label.trim());
      expect(readFileSync(PROFILES, "utf8")).toContain(label.trim());
      await confined.kill();
      expect(readFileSync(PROFILES, "utf8")).not.toContain(label.trim());
    }
  });
});
