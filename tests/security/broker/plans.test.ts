import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ms } from "../../support/time.js";
import { ALLOWED, BrokerSetting, STRANGER } from "../support/broker-setting.js";
import { type Caller, variant } from "../support/caller.js";

/**
 * Being allowed to launch sandboxes must not mean being root: each of these is a plan that a privileged broker could
 * execute, from a caller who must not have what it would give.
 */
describe.skipIf(process.getuid?.() !== 0)(
  "plans of an unprivileged caller to a broker of root",
  () => {
    let setting: BrokerSetting;
    let caller: Caller;

    beforeAll(async () => {
      setting = await BrokerSetting.create([
        "--max-memory",
        String(64 << 20),
        "--max-pids",
        "64",
        "--max-cpus",
        "1",
        "--max-sandboxes",
        "8",
      ]);
      caller = await setting.caller();
    });
    afterEach(async () => await setting.assertIntact());
    afterAll(async () => {
      await caller[Symbol.asyncDispose]();
      await setting[Symbol.asyncDispose]();
    });

    const bind = (source: string, more: object = {}) => ({
      kind: "bind",
      source,
      at: "/data",
      readOnly: true,
      exec: true,
      owner: null,
      ...more,
    });
    const withMount = (mount: object, more: object = {}) =>
      variant(setting.plan, { mounts: [...setting.plan.mounts, mount], ...more });
    const writable = { readOnly: false, owner: { hostUid: ALLOWED.uid, hostGid: ALLOWED.gid, uid: 1000, gid: 1000 } };
    const denySetid = () => ({ seccomp: { ...setting.plan.seccomp, denySetid: true } });

    async function refused(plan: unknown): Promise<string> {
      const verdict = await caller.launch(plan);
      expect(verdict?.type ?? "refused", JSON.stringify(verdict)).toBe("refused");
      return verdict?.code ?? "";
    }

    test("control: the plan itself, and the caller's own directory, are granted", async () => {
      expect(await caller.launch(variant(setting.plan))).toMatchObject({ type: "launched" });
      const own = setting.directory.join("own");
      expect(await caller.launch(withMount(bind(own)))).toMatchObject({ type: "launched" });
      const verdict = await caller.launch(withMount(bind(own, writable), denySetid()));
      expect(["launched", "MOUNT_IDMAP_UNSUPPORTED"]).toContain(
        verdict?.type === "launched" ? "launched" : verdict?.code,
      );
    });

    test.each([
      "/etc/shadow",
      "/etc/gshadow",
      "/root",
      "/dev/mem",
      "/dev/null",
      "/dev/kmsg",
      "/proc/1/environ",
      "/proc/kcore",
      "/proc/1/root",
      "/proc/self/mem",
      "/proc/self/fd/0",
    ])("mount %s", async (path) => {
      const code = await refused(withMount(bind(path)));
      expect(code).toMatch(/^(MOUNT_|PLAN_INVALID|ROOT_)/);
    });

    test.each(["/etc/shadow", "/root", "/dev/mem", "/proc/1/root"])("%s as the root", async (path) => {
      await refused(
        variant(setting.plan, {
          root: { source: { kind: "directory", path, owner: null }, readOnly: true, overlay: null },
        }),
      );
    });

    test("another user's 0700 directory, and a file in it", async () => {
      // The directory may be named; what is in it must stay out of reach.
      await refused(withMount(bind(setting.directory.join("theirs/secret"))));
      await refused(withMount(bind(setting.arena.secret)));
      await refused(withMount(bind(setting.directory.join("theirs"))));
    });

    test("write where root writes", async () => {
      for (const path of ["/etc", "/usr", "/root", "/", "/var/lib", setting.directory.path, "/proc/sys", "/sys"]) {
        await refused(withMount(bind(path, writable), denySetid()));
        await refused(withMount(bind(path, { readOnly: false }), denySetid()));
      }
    });

    test("own another user's files", async () => {
      const own = setting.directory.join("own");
      for (const [hostUid, hostGid] of [
        [0, 0],
        [STRANGER.uid, STRANGER.gid],
        [ALLOWED.uid, 0],
        [0, ALLOWED.gid],
        [ALLOWED.uid, STRANGER.gid],
      ]) {
        for (const readOnly of [true, false]) {
          await refused(
            withMount(bind(own, { readOnly, owner: { hostUid, hostGid, uid: 1000, gid: 1000 } }), denySetid()),
          );
        }
      }
      await refused(
        withMount(
          bind(setting.directory.join("theirs"), { ...writable, owner: { ...writable.owner, hostUid: STRANGER.uid } }),
          denySetid(),
        ),
      );
      const source = { kind: "directory", path: "/etc", owner: { hostUid: 0, hostGid: 0, uid: 1000, gid: 1000 } };
      await refused(variant(setting.plan, { root: { source, readOnly: true, overlay: null } }));
    });

    test("leave set-user-id files: a writable mount without the filter", async () => {
      await refused(withMount(bind(setting.directory.join("own"), writable)));
    });

    test.each(["/..", "/proc/self/root", "relative", "", "/etc/../root", "//etc", "/etc/", "/etc\0/shadow"])(
      "a path that is none: %j",
      async (path) => {
        await refused(withMount(bind(path)));
        await refused(withMount(bind(setting.directory.join("own"), { at: path })));
      },
    );

    test("a link to a secret", async () => {
      for (const [name, target] of [
        ["to-shadow", "/etc/shadow"],
        ["to-root", "/root"],
        ["to-secret", setting.arena.secret],
        ["to-dev", "/dev"],
      ]) {
        const link = setting.directory.join("own", name ?? "");
        await symlink(target ?? "", link);
        expect(await refused(withMount(bind(link)))).toBe("MOUNT_SOURCE_LINK");
        if (name === "to-root" || name === "to-dev") await refused(withMount(bind(`${link}/null`)));
      }
    });

    test("a FIFO, and a socket", async () => {
      const { execFileSync } = await import("node:child_process");
      execFileSync("mkfifo", [setting.directory.join("own/fifo")]);
      await refused(withMount(bind(setting.directory.join("own/fifo"))));
      await refused(withMount(bind(setting.broker.socket)));
    });

    test("a link and a directory change places while the plan is executed", async () => {
      const { join } = setting.directory;
      const at = (name: string) => join.call(setting.directory, "own", name);
      await mkdir(at("real"));
      await writeFile(at("real/shadow"), "harmless");
      await symlink("/etc", at("link"));
      let racing = true;
      const race = (async () => {
        while (racing) {
          await rename(at("real"), at("raced")).catch(() => undefined);
          await rename(at("raced"), at("real")).catch(() => undefined);
          await rename(at("link"), at("raced")).catch(() => undefined);
          await rename(at("raced"), at("link")).catch(() => undefined);
        }
      })();
      const end = Date.now() + ms(1500);
      while (Date.now() < end) {
        const verdict = await caller.launch(withMount(bind(at("raced/shadow"))));
        // Granted only when it was the harmless one: /etc/shadow is not the caller's to read, by whatever name.
        if (verdict?.type === "launched") break;
      }
      racing = false;
      await race;
      await rm(at("raced"), { recursive: true, force: true });
    });

    test("more than the owner allows", async () => {
      const { limits, cgroup } = setting.plan;
      const above = [
        { memoryBytes: 65 << 20 },
        { pids: 65 },
        { milliCpus: 1001 },
        { memoryBytes: 2 ** 50 },
        { pids: 0 },
        { milliCpus: -1 },
      ];
      for (const change of above) {
        const code = await refused(variant(setting.plan, { limits: { ...limits, ...change } }));
        expect(["LIMIT_ABOVE_MAXIMUM", "PLAN_INVALID"]).toContain(code);
      }
      // Not asking for a limit at all, or for a controller less, is no way around it.
      await refused(variant(setting.plan, { cgroup: { version: 0, controllers: [] } }));
      await refused(variant(setting.plan, { cgroup: { ...cgroup, controllers: [] } }));
    });

    test("more sandboxes than the owner allows", async () => {
      await using hoarder = await setting.caller();
      const verdicts = [];
      for (let index = 0; index < 12; index += 1) verdicts.push(await hoarder.launch(variant(setting.plan)));
      expect(verdicts.at(-1)).toMatchObject({ type: "refused", code: "TOO_MANY_SANDBOXES" });
      for (const verdict of verdicts) expect(["launched", "refused"]).toContain(verdict?.type);
    });

    test("pick ids: init's, or beyond the range", async () => {
      for (const user of [
        { uid: 65_535, gid: 0, groups: [] },
        { uid: 65_536, gid: 0, groups: [] },
        { uid: -1, gid: 0, groups: [] },
        { uid: 2 ** 32, gid: 0, groups: [] },
        { uid: 0, gid: 0, groups: [65_535] },
        { uid: 0, gid: 70_000, groups: [] },
        { uid: "0", gid: 0, groups: [] },
      ]) {
        expect(await refused(variant(setting.plan, { user }))).toBe("PLAN_INVALID");
      }
    });

    test("leave a protection out", async () => {
      const { plan } = setting;
      for (const name of plan.namespaces) {
        if (name === "cgroup") continue;
        await refused(variant(plan, { namespaces: plan.namespaces.filter((one) => one !== name) }));
      }
      await refused(variant(plan, { seccomp: { ...plan.seccomp, profile: "none" } }));
      await refused(variant(plan, { seccomp: null }));
      await refused(variant(plan, { level: "none" }));
      await refused(variant(plan, { capabilities: ["SYS_ADMIN"] }));
      await refused(variant(plan, { level: "chroot", capabilities: ["NET_ADMIN"] }));
      await refused(variant(plan, { apparmor: "unconfined" }));
      await refused(variant(plan, { mounts: plan.mounts.filter(({ kind }) => kind !== "proc") }));
    });

    test("mount over what the sandbox itself needs", async () => {
      for (const at of ["/", "/proc", "/proc/self", "/dev", "/dev/null", "/sys"]) {
        await refused(withMount(bind(setting.directory.join("own"), { at })));
      }
    });

    test("odd names, sizes and modes", async () => {
      const tmpfs = {
        kind: "tmpfs",
        at: "/t",
        sizeBytes: 1 << 20,
        inodes: 100,
        mode: 0o755,
        uid: 0,
        gid: 0,
        exec: true,
      };
      for (const change of [
        { mode: 0o4777 },
        { mode: 0o2777 },
        { sizeBytes: 0 },
        { sizeBytes: -1 },
        { uid: 65_535 },
        { uid: 2 ** 31 },
        { inodes: 0 },
      ]) {
        await refused(withMount({ ...tmpfs, ...change }));
      }
      await refused(variant(setting.plan, { hostname: "a,b\nc" }));
      for (const id of ["../../etc", "short", "x".repeat(100), "UPPER-CASE-ID", "a/b-c-d-e-f", "bulkhead\n1"])
        await refused({ ...structuredClone(setting.plan), id });
    });
  },
  ms(60_000),
);
