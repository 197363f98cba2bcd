import { connect } from "node:net";
import { BulkheadError, explain, type Policy, run, Sandbox } from "bulkhead";
import { reportHost } from "bulkhead/host";
import { describe, expect, test } from "vitest";
import { createChanged } from "../support/changed-plan.js";
import { exceptAt } from "../support/levels.js";

const ABI = 4;
const { facts } = await reportHost();

/** Busybox says on stderr why it could not. */
const SCRIPT = `
  nc -l -p 8080 -e echo served & nc -l -p 8081 -e echo served 2>&1 | sed 's/^/bind 8081: /' &
  for i in 1 2 3 4 5 6 7 8 9; do nc 127.0.0.1 8080 </dev/null 2>/dev/null && break; sleep 0.1; done
  nc 127.0.0.1 9090 </dev/null 2>&1 | sed 's/^/connect 9090: /'
  sleep 0.3`;

if (facts.landlockAbi >= ABI) {
  await exceptAt({
    gvisor: "no Landlock there: a policy that names ports is refused (gvisor.test.ts)",
    microvm: "Debian 12's kernel, which guests have, is of ABI 2",
  })((level) => {
    test("of TCP only what the policy names can be bound and connected to", async () => {
      const ruled = await run(["sh", "-c", SCRIPT], { level, tcp: { bind: [8080], connect: [8080] } });
      expect(ruled.stdout).toContain("served\n");
      expect(ruled.stdout).toMatch(/bind 8081: .*Permission denied/);
      expect(ruled.stdout).toMatch(/connect 9090: .*Permission denied/);
      const free = await run(["sh", "-c", SCRIPT], { level });
      expect(free.stdout).toContain("served\n");
      expect(free.stdout).not.toContain("Permission denied");
      expect(free.stdout).toMatch(/connect 9090: .*refused/);
    });

    test("nothing named is nothing bound, by a program that asks for any port either", async () => {
      const { stdout } = await run(["sh", "-c", "nc -l -p 0 2>&1; nc -l -p 8080 2>&1"], { level, tcp: {} });
      expect(stdout.match(/Permission denied/g)).toHaveLength(2);
    });

    test("an exposed port is one that init connects to: it has to be among them", async () => {
      await using sandbox = await Sandbox.create({ level, tcp: { bind: [7000], connect: [] } });
      await sandbox.exec(["nc", "-ll", "-p", "7000", "-e", "echo", "served"]);
      await using exposed = await sandbox.expose(7000);
      expect(await textFrom(exposed.port)).toBe("");
      await using named = await Sandbox.create({ level, tcp: { bind: [7000], connect: [7000] } });
      await named.exec(["nc", "-ll", "-p", "7000", "-e", "echo", "served"]);
      await using reached = await named.expose(7000);
      await expect.poll(() => textFrom(reached.port)).toBe("served\n");
    });

    test("the table says so", async () => {
      const { enforcement } = await explain({ level, tcp: { bind: [8080] } });
      expect(enforcement.protections.find(({ protection }) => protection === "landlock")).toMatchObject({
        status: "enforced",
        by: expect.stringContaining("of TCP binds 8080 and connects to nothing only"),
      });
    });
  });
} else {
  describe(`Landlock ABI ${facts.landlockAbi}`, () => {
    test("cannot rule TCP ports: a policy that names some is refused", async () => {
      await expect(run(["true"], { tcp: {} })).rejects.toMatchObject({ code: "REQUIREMENT_UNMET" });
    });
  });
}

describe.skipIf(facts.selinux)("a host without SELinux", () => {
  test.each<Policy>([{ level: "chroot" }, { level: "container" }, {}])(
    "refuses a policy with a label: %j",
    async (at) => {
      const refused = await run(["true"], { ...at, selinux: "system_u:system_r:container_t:s0:c1,c2" }).catch(
        (error: unknown) => error,
      );
      expect(refused).toBeInstanceOf(BulkheadError);
      expect(refused).toMatchObject({ code: "REQUIREMENT_UNMET" });
      expect(String((refused as BulkheadError).detail)).toMatch(
        /^selinux: cannot: this kernel does not run SELinux, or does not enforce it/,
      );
    },
  );

  test("and the warden too, should the library be wrong about it", async () => {
    const label = "system_u:system_r:container_t:s0";
    const refused = await createChanged({}, (plan) => ({ ...plan, selinux: label })).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "SELINUX_FAILED", operation: "write", path: "/proc/self/attr/exec" });
  });
});

async function textFrom(port: number): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  return text;
}
