import { execFileSync } from "node:child_process";
import type { Policy } from "bulkhead";
import { run } from "bulkhead";
import { describe, expect, test } from "vitest";
import { printed } from "../support/inside.js";
import { exceptAt, forEachLevel, isRequired } from "../support/levels.js";
import { findProgram } from "../support/programs.js";

/** Without a network, and with one: what programs find when they look for networks is the same. */
const NETWORKS = [
  ["none", "none"],
  ["allowed", { allow: ["index.test"] }],
] as const satisfies readonly (readonly [string, Policy["network"]])[];

const LOOPBACK = ["127.0.0.1", "::1"];

/** The addresses that `ip addr` lists. */
function addressesIn(text: string): readonly string[] {
  return [...text.matchAll(/^\s+inet6? ([^/\s]+)/gm)].map(([, address = ""]) => address);
}

/** What an empty network namespace has where a privileged program may make one. */
function emptyNamespace(): readonly string[] | undefined {
  try {
    const script = "ip link set lo up && ip addr";
    return addressesIn(execFileSync("unshare", ["-rn", "sh", "-c", script], { encoding: "utf8", stdio: "pipe" }));
  } catch {
    return undefined;
  }
}

await forEachLevel((level) => {
  for (const [name, network] of NETWORKS) {
    test(`loopback is the only interface and has its own addresses alone: network ${name}`, async () => {
      const text = await printed("ip addr", { level, network });
      expect(text.match(/^\d+: \S+/gm)).toEqual(["1: lo:"]);
      expect(addressesIn(text)).toEqual(emptyNamespace() ?? LOOPBACK);
    });
  }

  test("the range for names is reached only where a name may be", async () => {
    const answers = 'nc -w 2 198.18.0.9 9 2>&1 </dev/null | grep -o "refused\\|unreachable"; true';
    expect(await printed(answers, { level, network: "none" })).toBe("unreachable\n");
    // Gvisor's loopback has one network, and names get addresses of that one.
    const allowed = level === "gvisor" ? "unreachable\n" : "refused\n";
    expect(await printed(answers, { level, network: { allow: ["index.test"] } })).toBe(allowed);
  });
});

const mpirun = findProgram("mpirun");
const RANKS = ["mpirun", "--oversubscribe", "-n", "2", "sh", "-c", "echo rank $OMPI_COMM_WORLD_RANK"];

if (mpirun === undefined && !isRequired("openmpi")) {
  describe.skip("Open MPI (skipped: no mpirun here)", () => undefined);
} else {
  await exceptAt({
    gvisor: "its SIOCGIFADDR answers without an address family, so Open MPI finds no IPv4 interface; bare runsc too",
    microvm: "root: host is not for virtual machines",
  })((level) => {
    for (const [name, network] of NETWORKS) {
      test(`Open MPI finds a way between two ranks: network ${name}`, async () => {
        const resources = { pids: 256 };
        const result = await run(RANKS, { level, root: "host", network, resources });
        expect(result.stdout.split("\n").filter(Boolean).sort(), result.stderr).toEqual(["rank 0", "rank 1"]);
      });
    }
  });
}
