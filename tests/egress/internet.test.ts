import { execFileSync, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Level } from "bulkhead";
import { beforeAll, describe, expect, test } from "vitest";
import { exceptAt, isRequired } from "../support/levels.js";
import { ADDRESS } from "./support/internet/addresses.js";
import type { Outcome } from "./support/internet/main.js";

const main = fileURLToPath(new URL("support/internet/main.ts", import.meta.url));
const lack = lackOfNamespaces();

test.runIf(lack !== undefined && isRequired("network-namespaces"))("network namespaces are required here", () => {
  throw new Error(lack);
});

/**
 * A host with public addresses, real hosts beyond it, a private network, and a metadata service: all in namespaces of
 * the test's own.
 */
await exceptAt({ microvm: "its programs are those of `root: host`, which a guest has not" })(
  (level) => {
    describe.skipIf(lack !== undefined)(`a small internet${lack === undefined ? "" : ` (skipped: ${lack})`}`, () => {
      let outcome: Outcome;
      beforeAll(async () => {
        outcome = await runIn(level);
      }, 180_000);

      const { web, web6, other } = ADDRESS;
      test.each([
        ["by proxy", `${web}\n`, [`${web} 80`]],
        ["by CONNECT", `${web}\n`, [`${web} 80`]],
        ["by SOCKS", `${web}\n`, [`${web} 80`]],
        ["without a proxy", `${web}\n`, [`${web} 80`]],
        ["over TLS", "secure\n", [`${web} 443`]],
        ["over IPv6", `${web6}\n`, [`${web6} 80`]],
        ["a private address that is named", `${ADDRESS.private}\n`, [`${ADDRESS.private} 8080`]],
        ["full: any name", `${other}\n`, [`${other} 80`]],
        ["full: any port", `${other}\n${other}\n`, [`${other} 8080`, `${other} 8080`]],
        ["full: an address", `${web}\n${web6}\n`, [`${web} 80`, `${web6} 80`]],
        ["full: TLS", "secure\n", [`${web} 443`]],
      ])("%s: reached", (name, said, arrivals) => {
        expect({ said: outcome.said[name], arrivals: outcome.arrivals[name] }).toEqual({ said, arrivals });
      });

      test.each([
        ["another name", "no rule allows it"],
        ["another port", "no rule allows it"],
        ["the address behind a name", "no rule allows it"],
        ["a name of a private address", "not public (private)"],
        ["a name of the metadata service", "not public (link-local)"],
        ["a name of this host", "not public (this host)"],
        ["a name of this host, by an address of no interface", "not public (this host)"],
        ["TCP without a proxy", "no"],
        ["UDP", "no"],
        ["QUIC", "no"],
        ["full: private", "not public (private)"],
        ["full: metadata", "not public (link-local)"],
        ["full: this host", "not public (this host)"],
      ])("%s: not reached", (name, said) => {
        expect(outcome.said[name]).toContain(said);
        expect(outcome.arrivals[name]).toEqual([]);
      });

      test("a name that changes leads where it led when it was decided on, or nowhere", () => {
        const arrivals = outcome.arrivals["a name that changes"] ?? [];
        expect(arrivals.length).toBeGreaterThan(0);
        expect(new Set(arrivals)).toEqual(new Set([`${web} 80`]));
        expect(outcome.said["a name that changes"]).toContain("not public (private)");
      });
    });
  },
  ["chroot", "container", "gvisor", "microvm"],
);

function lackOfNamespaces(): string | undefined {
  try {
    execFileSync("unshare", ["--net", "ip", "link", "add", "probe0", "type", "veth", "peer", "name", "probe1"], {
      stdio: "ignore",
    });
    return undefined;
  } catch {
    return "no network namespace with interfaces can be made here: it takes root, unshare and ip";
  }
}

async function runIn(level: Level): Promise<Outcome> {
  const child = spawn("unshare", ["--net", process.execPath, "--import", "tsx", main, level], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => (stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  await new Promise((resolve) => child.once("close", resolve));
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout) as Outcome;
}
