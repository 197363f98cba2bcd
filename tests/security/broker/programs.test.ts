import type { Duplex } from "node:stream";
import { explain, type Plan } from "bulkhead";
import { Broker } from "bulkhead/host";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { lackFor } from "../../support/levels.js";

const lack = await lackFor("container");

type Program = Extract<Plan["payload"], { kind: "program" }>;

/**
 * The programs that make a wall of their own (`runsc`, a virtual machine monitor) start confined like our init, and
 * with nothing of the broker's but what the plan names. The base root's shell stands for them here.
 */
describe.skipIf(lack !== undefined)(`programs in a jail${lack === undefined ? "" : ` (skipped: ${lack})`}`, () => {
  let broker: Broker;
  let base: Plan;
  let made = 0;

  beforeAll(async () => {
    broker = await Broker.default();
    base = (await explain({ level: "container" })).plan;
  });
  afterEach(() => {
    made += 1;
  });

  function jail(script: string, more: Partial<Program> = {}, plan: Partial<Plan> = {}): Plan {
    const payload: Program = {
      kind: "program",
      path: "/bin/busybox",
      argv: ["sh", "-c", script],
      env: { PATH: "/bin" },
      channel: "stdio",
      descriptors: [],
      ...more,
    };
    return { ...base, id: `jail-${process.pid}-${made}`, level: "gvisor", payload, ...plan };
  }

  /**
   * What comes before a line that says `end`; the program waits after it, so that nothing is cut short by its own end.
   */
  async function said(from: Duplex): Promise<string> {
    let bytes = "";
    for await (const chunk of from) {
      bytes += String(chunk);
      if (bytes.endsWith("end\n")) break;
    }
    return bytes.slice(0, -"end\n".length);
  }

  async function output(plan: Plan, input = ""): Promise<string> {
    const launch = broker.launch(plan);
    launch.transport.write(input);
    const bytes = await said(launch.transport);
    await launch.ended;
    return bytes;
  }

  test("run as the plan's user, with only the plan's capabilities, confined before they start", async () => {
    const script = 'echo "$0 $$"; cat /proc/self/status; echo end; read forever';
    const launch = broker.launch(jail(script, {}, { capabilities: ["KILL"] }));
    const status = await said(launch.transport);
    expect(status).toMatch(/^sh 1\n/);
    expect(status).toMatch(/\nUid:\t1000\t1000\t1000\t1000\n/);
    expect(status).toMatch(/\nNoNewPrivs:\t1\nSeccomp:\t2\n/);
    expect(status).toMatch(/\nCapEff:\t0{14}20\n/);
    expect(status).toMatch(/\nCapBnd:\t0{14}20\n/);
    const { evidence } = await launch.launched;
    expect(evidence.init.uid[0]).not.toBe(0);
    expect(evidence.init.capabilities.effective).toBe("0000000000000020");
    await launch.ended;
  });

  test("start with the channel and what is named, and nothing else", async () => {
    const script = "read line; echo got $line; ls /proc/self/fd | wc -l; env; echo end; read forever";
    const [got, descriptors, ...variables] = (await output(jail(script), "hello\n")).trimEnd().split("\n");
    expect(got).toBe("got hello");
    // 0, 1, 2, and the one that ls looks with.
    expect(descriptors).toBe("4");
    // The shell's own, and the plan's.
    expect(variables.map((variable) => variable.split("=")[0]).sort()).toEqual(["PATH", "PWD", "SHLVL"]);
  });

  test("can have the channel elsewhere, and files of the jail", async () => {
    const descriptors = [{ kind: "open", fd: 9, path: "/etc/passwd", write: false }] as const;
    const script = "head -n 1 <&9 >&3; readlink /proc/$$/fd/2 >&3; echo end >&3; read forever <&3";
    expect(await output(jail(script, { channel: 3, descriptors }))).toMatch(/^root:.*\n\/dev\/null\n$/);
  });

  test("get the connections that the library attaches, before or after the launch", async () => {
    const descriptors = [
      { kind: "attached", fd: 5, name: "second" },
      { kind: "attached", fd: 4, name: "first" },
    ] as const;
    const plan = jail("read a <&4; read b <&5; echo $a $b; echo end; echo for-first >&4; echo end >&4; read forever", {
      descriptors,
    });
    const first: Duplex = broker.attach(plan.id, "first");
    first.write("one\n");
    await new Promise((resolve) => setTimeout(resolve, 50));
    const launch = broker.launch(plan);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const second = broker.attach(plan.id, "second");
    second.write("two\n");
    expect(await said(first)).toBe("for-first\n");
    expect(await said(launch.transport)).toBe("one two\n");
    await launch.ended;
    second.destroy();
  });

  test("are not started without what they name", async () => {
    const missing = [{ kind: "open", fd: 9, path: "/etc/no-such-file", write: false }] as const;
    await expect(broker.launch(jail("true", { descriptors: missing })).launched).rejects.toMatchObject({
      code: "LAUNCH_FAILED",
      path: "/etc/no-such-file",
      errno: 2,
    });
    const none = { ...jail("true", { path: "/no-such-program" }), id: "jail-none-00" };
    await expect(broker.launch(none).launched).rejects.toMatchObject({
      code: "LAUNCH_FAILED",
      path: "/no-such-program",
    });
  });

  test("can be the warden itself, from its sealed copy", async () => {
    const launch = broker.launch(jail("", { path: "warden", argv: ["warden", "version"] }));
    expect(String((await launch.transport[Symbol.asyncIterator]().next()).value)).toMatch(/^warden \d/);
    await launch.ended;
  });
});
