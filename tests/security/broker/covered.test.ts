import { execFileSync } from "node:child_process";
import { chown, mkdir } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ms } from "../../support/time.js";
import { ALLOWED, BrokerSetting } from "../support/broker-setting.js";
import { type Caller, variant } from "../support/caller.js";

/**
 * Mounting over a directory takes what it holds away from everybody but root. A copy of the file system below would
 * bring it back: the kernel refuses that to users (CVE-2021-3732 is where it forgot to), and so must a broker that is
 * root.
 */
describe.skipIf(process.getuid?.() !== 0)(
  "files that another mount covers",
  () => {
    let setting: BrokerSetting;
    let caller: Caller;
    const outer = () => setting.directory.join("own");
    const covered = () => setting.directory.join("own/covered");

    beforeAll(async () => {
      setting = await BrokerSetting.create();
      caller = await setting.caller();
      await mkdir(setting.directory.join("own/covered/hidden"), { recursive: true });
      await chown(covered(), ALLOWED.uid, ALLOWED.gid);
      execFileSync("mount", ["-t", "tmpfs", "none", covered()]);
    });
    afterAll(async () => {
      await caller[Symbol.asyncDispose]();
      execFileSync("umount", [covered()]);
      await setting.assertIntact();
      await setting[Symbol.asyncDispose]();
    });

    const owner = { hostUid: ALLOWED.uid, hostGid: ALLOWED.gid, uid: 1000, gid: 1000 };
    const tmpfs = (at: string) => ({
      kind: "tmpfs",
      at,
      sizeBytes: 4096,
      inodes: 10,
      mode: 0o755,
      uid: 0,
      gid: 0,
      exec: false,
    });
    /**
     * Lends the directory and mounts something at `at` in it, where nothing can be made: granted only if `at` is to be
     * seen there.
     */
    const lent = async (at: string) => {
      const bind = { kind: "bind", source: outer(), at: "/data", readOnly: true, exec: false, owner };
      return await caller.launch(variant(setting.plan, { mounts: [...setting.plan.mounts, bind, tmpfs(at)] }));
    };

    test("stay covered where the directory is lent by its owner", async () => {
      expect(await lent("/data/covered")).toMatchObject({ type: "launched" });
      expect(await lent("/data/covered/hidden")).toMatchObject({ code: "MOUNT_TARGET_UNAVAILABLE" });
    });

    test("and below a root with a layer on top", async () => {
      const root = {
        source: { kind: "directory", path: outer(), owner: null },
        readOnly: true,
        overlay: { sizeBytes: 1 << 20, inodes: 100 },
      };
      expect(await caller.launch(variant(setting.plan, { root }))).toMatchObject({
        type: "refused",
        code: "ROOT_UNAVAILABLE",
      });
    });
  },
  ms(60_000),
);
