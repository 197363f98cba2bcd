import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { Sandbox } from "bulkhead";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { frontsOf, type Status } from "../../support/fronts.js";
import { isAlive } from "../../support/host.js";
import { eventually, ms } from "../../support/time.js";
import { ALLOWED, BrokerSetting, STRANGER } from "../support/broker-setting.js";
import { Caller, variant } from "../support/caller.js";

/** Opens a control connection, says so when it was greeted, and ends with its input. */
const GREETED = `
const body = Buffer.from('{"type":"control"}');
const socket = require("node:net").connect(process.argv[1]);
socket.once("data", () => process.stdout.write("greeted")).write(Buffer.concat([Buffer.from([0, 0, 0, body.length]), body]));
process.stdin.on("end", () => process.exit()).resume();
`;

/**
 * Who speaks to a caller is a process that runs as that caller: what the broker's keeper holds is out of its reach.
 * What a front that was taken over can say to the keeper: `warden/keeper/tests/hostile.rs`.
 */
describe.skipIf(process.getuid?.() !== 0)(
  "a front",
  () => {
    let setting: BrokerSetting;
    beforeAll(async () => {
      setting = await BrokerSetting.create();
    });
    afterAll(async () => await setting[Symbol.asyncDispose]());

    /** The one front of this user. */
    function frontOf(uid: number): readonly [number, Status] {
      const [front, ...others] = frontsOf(setting.broker.pid, uid);
      expect(others).toEqual([]);
      if (front === undefined) throw new Error(`no front of ${uid}`);
      return front;
    }

    test("runs as its caller, with no capability, under a filter", async () => {
      await using caller = await setting.caller();
      expect(await caller.launch(variant(setting.plan))).toMatchObject({ type: "launched" });
      const [, found] = frontOf(ALLOWED.uid);
      for (const ids of ["Uid", "Gid"]) expect(found[ids], ids).toBe(Array(4).fill(String(ALLOWED.uid)).join("\t"));
      for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"])
        expect(found[set], set).toBe("0".repeat(16));
      expect(found["NoNewPrivs"]).toBe("1");
      expect(found["Seccomp"]).toBe("2");
    });

    test("of root has only the capability that opens files", async () => {
      await using sandbox = await Sandbox.create({}, { broker: setting.broker.socket });
      expect((await sandbox.run(["true"])).exitCode).toBe(0);
      const [, found] = frontOf(0);
      // DAC_OVERRIDE, which Landlock and the filter leave nothing to do but to name files.
      for (const set of ["CapPrm", "CapEff", "CapBnd"]) expect(found[set], set).toMatch(/^0{15}2$/);
      expect(found["Seccomp"]).toBe("2");
    });

    test("cannot be looked into by its caller", async () => {
      await using caller = await setting.caller();
      expect(caller.session).toMatch(/^[0-9a-f]{32}$/);
      const [front] = frontOf(ALLOWED.uid);
      const read = (file: string) => () =>
        execFileSync("head", ["-c", "1", `/proc/${front}/${file}`], { ...ALLOWED, stdio: "pipe" });
      // Control: other processes of this user can be.
      expect(() =>
        execFileSync("head", ["-c", "1", "/proc/self/environ"], { ...ALLOWED, stdio: "pipe" }),
      ).not.toThrow();
      for (const file of ["mem", "maps", "environ"]) expect(read(file), file).toThrow();
    });

    test("that is killed takes its caller's sandboxes with it, and no other caller's", async () => {
      await using other = await Sandbox.create({}, { broker: setting.broker.socket });
      await using caller = await setting.caller();
      expect(await caller.launch(variant(setting.plan))).toMatchObject({ type: "launched" });
      const [front] = frontOf(ALLOWED.uid);
      process.kill(front, "SIGKILL");
      await eventually("the front is gone", 2000, () => !isAlive(front));
      await eventually("its sandboxes are gone", 2000, () => {
        const mine = setting.broker.log.filter(({ uid }) => uid === ALLOWED.uid);
        return (
          mine.filter(({ event }) => event === "launched").length ===
          mine.filter(({ event }) => event === "ended").length
        );
      });
      expect((await other.run(["true"])).exitCode).toBe(0);
      await setting.assertIntact();
    });

    test.each([0, 1, 64, 65, 300])("is in all %i groups of its caller", async (count) => {
      const groups = Array.from({ length: count }, (_, number) => 70_000 + number);
      const supplementary = count === 0 ? ["--clear-groups"] : [`--groups=${groups.join(",")}`];
      const ids = [`--reuid=${ALLOWED.uid}`, `--regid=${ALLOWED.gid}`, ...supplementary];
      const child = spawn("setpriv", [...ids, process.execPath, "-e", GREETED, setting.broker.socket], { cwd: "/" });
      const exited = once(child, "exit");
      try {
        expect(String(await once(child.stdout, "data"))).toBe("greeted");
        const found = frontsOf(setting.broker.pid, ALLOWED.uid).map(([, seen]) => seen["Groups"]);
        expect(found).toContain(groups.join(" "));
      } finally {
        child.stdin.end();
        await exited;
      }
    });

    test.skipIf(!existsSync("/dev/kvm"))("gives a device only to a caller that may open it", async () => {
      const root = await Caller.connect(setting.broker.socket);
      await using caller = await setting.caller();
      await using owner = root;
      const { mounts } = setting.plan;
      const payload = {
        kind: "program",
        path: "/bin/busybox",
        argv: ["true"],
        env: {},
        channel: "stdio",
        descriptors: [],
      };
      const device = { kind: "device", path: "/dev/kvm", at: "/dev/kvm" };
      const plan = () => variant(setting.plan, { level: "gvisor", payload, mounts: [...mounts, device] });
      const allowed = () => execFileSync("test", ["-w", "/dev/kvm"], ALLOWED);
      // Control: the same plan without the device; and what the kernel says of this caller.
      expect(await caller.launch(variant(setting.plan, { level: "gvisor", payload }))).toMatchObject({
        type: "launched",
      });
      expect(allowed).toThrow();
      expect(await caller.launch(plan())).toMatchObject({ type: "refused", code: "MOUNT_SOURCE_UNAVAILABLE" });
      expect(await owner?.launch(plan())).toMatchObject({ type: "launched" });
    });

    test("of a stranger ends soon", async () => {
      expect(await Caller.connect(setting.broker.socket, STRANGER)).toBeUndefined();
      await eventually("no front of a stranger", 5000, () => frontsOf(setting.broker.pid, STRANGER.uid).length === 0);
    });
  },
  ms(60_000),
);
