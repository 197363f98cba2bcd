import { readFileSync } from "node:fs";
import { type Level, Sandbox } from "bulkhead";
import type { Case } from "./list.js";

const PROFILES = "/sys/kernel/security/apparmor/profiles";

/**
 * A profile made of the policy: loaded, in force, and removed after. Landlock refuses the same here. What the profile
 * refuses by itself is tested where the library has its sources (`tests/assurance/apparmor.test.ts`).
 */
export function apparmor(level: Level): Case {
  return {
    name: `${level}: a generated AppArmor profile refuses what the policy does not name, and is removed after`,
    check: async () => {
      const profiles = read(PROFILES);
      if (profiles === undefined) return "no AppArmor, or not root";
      if (read("/usr/share/apparmor-features/features") === undefined) return "no AppArmor parser";
      const sandbox = await Sandbox.create({
        level,
        apparmor: "generated",
        access: { read: ["/bin", "/usr", "/lib"], list: ["/"], write: ["/work"], execute: ["/bin", "/usr", "/lib"] },
        files: [{ tmpfs: "/open", size: "1MiB" }],
      });
      const { stdout, stderr } = await sandbox.run([
        "sh",
        "-c",
        "echo x >/open/file; echo y >/work/file && echo wrote",
      ]);
      const { lsm } = (await sandbox.evidence()).init;
      await sandbox.kill();
      if (stdout !== "wrote\n" || !stderr.includes("Permission denied"))
        throw new Error(JSON.stringify([stdout, stderr]));
      if (!/^bulkhead-.* \(enforce\)$/.test(lsm ?? "")) throw new Error(`label ${lsm}`);
      if (read(PROFILES) !== profiles) throw new Error(`left: ${read(PROFILES)}`);
      return undefined;
    },
  };
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
