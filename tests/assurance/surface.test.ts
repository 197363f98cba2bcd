import { LEVELS, type Level } from "bulkhead";
import { measurePeers, measureSurface, type Surface, summariseSurfaces, surfaceChart } from "bulkhead/verify";
import { describe, expect, it } from "vitest";
import { forEachLevel } from "../support/levels.js";

const measured = new Map<Level, Promise<Surface>>();

/** Once for each level: it takes seconds. */
function surfaceOf(level: Level): Promise<Surface> {
  const known = measured.get(level) ?? measureSurface({ level });
  measured.set(level, known);
  return known;
}

const asRoot = process.getuid?.() === 0;

/** All that this host has: what is compared are the levels. A machine takes its time, and may be switched off. */
const COMPARED = LEVELS.filter((level) => level !== "microvm" || process.env["BULKHEAD_MICROVM_TESTS"] !== "0");

await forEachLevel((level) => {
  it("finds the calls that every program needs, and none that no sandbox gets", async () => {
    const { inside } = await surfaceOf(level);
    for (const name of ["read", "openat", "execve", "futex", "exit_group"])
      expect(inside.syscalls.reached).toContain(name);
    for (const name of ["mount", "init_module", "kexec_load", "reboot", "bpf"]) {
      expect(inside.syscalls.reached).not.toContain(name);
    }
    expect(inside.capabilities).toEqual({ effective: [], bounding: [] });
    expect(inside.identity.noNewPrivs).toBe(true);
    expect(inside.devices.map(({ path }) => path)).toContain("/dev/null");
    expect(inside.devices.filter(({ kind }) => kind === "block")).toEqual([]);
    expect(inside.interfaces.filter(({ writable }) => writable > 0)).toEqual([]);
  });

  it.skipIf(!asRoot)("reads the reachable calls of the host's kernel from outside", async () => {
    const { host } = await surfaceOf(level);
    expect(host?.calls).toContain("read");
    expect(host?.calls).not.toContain("init_module");
    expect(host?.wall === null).toBe(level === "chroot" || level === "container");
  });
}, COMPARED);

describe.skipIf(!asRoot)("side by side", () => {
  it("the filter read from outside is the one that was met inside", async () => {
    const { inside, host } = await surfaceOf("container");
    // Since 6.14 the kernel asks no filter about these two, and answers them only where a probe was put.
    const unfiltered = ["uretprobe", "uprobe"];
    expect(inside.syscalls.reached.filter((name) => host?.calls.includes(name) !== true)).toEqual(
      inside.syscalls.reached.filter((name) => unfiltered.includes(name)),
    );
  });

  it("each stronger level leaves less of the host's kernel", async () => {
    const known = await Promise.all([...measured.keys()].map(surfaceOf));
    known.sort((one, other) => LEVELS.indexOf(one.level) - LEVELS.indexOf(other.level));
    const reach = known.map(({ host }) => host?.total ?? 0);
    expect(reach.length).toBeGreaterThan(1);
    expect(reach).toEqual([...new Set(reach)].sort((one, other) => other - one));
    expect(summariseSurfaces(known).columns).toEqual(known.map(({ level }) => level));
  });

  it("a bare process reaches more than any sandbox, and the chart says so", async () => {
    const peers = await measurePeers();
    const container = await surfaceOf("container");
    const bare = peers.find(({ peer }) => peer === "bare process")?.inside;
    expect(bare?.syscalls.reached.length).toBeGreaterThan(container.inside.syscalls.reached.length);
    expect(bare?.namespaces.length).toBe(8);
    for (const { inside, why } of peers) expect(inside === null).toBe(why !== null);
    const chart = surfaceChart(summariseSurfaces([container], peers));
    expect(chart).toMatch(/^<svg [\s\S]*bare process[\s\S]*container[\s\S]*<\/svg>\n$/);
  });
});
