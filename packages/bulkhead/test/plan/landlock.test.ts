import { describe, expect, it } from "vitest";
import { enforcementOf } from "../../src/enforcement/table.js";
import { parsePolicy } from "../../src/policy/parse.js";
import type { Policy } from "../../src/policy/schema.js";
import { tabulate } from "../../src/prepare/tabulate.js";
import { hostWith } from "../support/facts.js";
import { compiled, directory, ID, inputsWith } from "./compile-support.js";

function lineAt(landlockAbi: number, policy: Policy = {}) {
  const host = hostWith({ landlockAbi });
  const { enforcement } = tabulate(parsePolicy(policy, { directory: "/" }), host, inputsWith(), { id: ID });
  return enforcement.protections.find(({ protection }) => protection === "landlock");
}

/** Of the kernel releases that brought something: what the table says is left to other layers. */
const LEFT: readonly (readonly [number, readonly string[]])[] = [
  [1, ["moving files", "truncation", "TCP ports", "ioctls", "signals and abstract sockets"]],
  [2, ["truncation", "TCP ports", "ioctls", "signals and abstract sockets"]],
  [3, ["TCP ports", "ioctls", "signals and abstract sockets"]],
  [4, ["ioctls", "signals and abstract sockets"]],
  [5, ["signals and abstract sockets"]],
  [6, []],
];

describe("Landlock by ABI", () => {
  it.each(LEFT)("ABI %i: names the missing features", (abi, left) => {
    const line = lineAt(abi);
    const by = line !== undefined && "by" in line ? line.by : "";
    const [held = "", lacks = ""] = by.split(". Left to other layers: ");
    expect(lacks === "" ? [] : lacks.split(", ").map((text) => text.replace(/ \(ABI \d\)$/, ""))).toEqual(
      left.map((start) => expect.stringContaining(start)),
    );
    expect(held.includes("signals and abstract sockets stay inside")).toBe(abi >= 6);
  });

  it.each([
    [0, "none"],
    [7, "gap"],
    [8, "gap"],
    [9, "/sock"],
    [10, "/sock"],
    [12, "/sock"],
  ] as const)("ABI %i: sockets of the host are connected to only where a mount says so", (landlockAbi, wanted) => {
    const files: Policy["files"] = [
      { host: "/data", at: "/data" },
      { host: "/data", at: "/sock", sockets: true },
    ];
    const host = hostWith({ landlockAbi });
    const inputs = inputsWith({ files: [directory("/data", 1), directory("/data", 1)] });
    const { plan, enforcement } = tabulate(parsePolicy({ files }, { directory: "/" }), host, inputs, { id: ID });
    const line = enforcement.protections.find(({ protection }) => protection === "landlock");
    const by = line !== undefined && "by" in line ? line.by : "";
    expect(plan.landlock?.abi).toBe(landlockAbi === 0 ? undefined : Math.min(landlockAbi, 10));
    expect(plan.landlock?.sockets).toEqual(wanted === "none" ? undefined : wanted === "gap" ? [] : ["/sock"]);
    expect(by.includes("Unix sockets in the file system (ABI 9)")).toBe(wanted === "gap");
    expect(by.includes("connects to those below /sock only")).toBe(wanted === "/sock");
  });

  it.each(["gvisor", "microvm"] as const)("sockets of the host do not reach level %s, which refuses them", (level) => {
    const files: Policy["files"] = [{ host: "/data", at: "/data", sockets: true }];
    const compile = () =>
      compiled(
        { level, files },
        {
          inputs: inputsWith({ files: [directory("/data", 1)] }),
          host: { ...hostWith(), tried: { [level]: [] } },
        },
      );
    expect(compile).toThrow(expect.objectContaining({ code: "UNSUPPORTED" }));
  });

  it("is not there: the line says so", () => {
    expect(lineAt(0)).toMatchObject({ status: "cannot" });
  });

  it.each([1, 2, 3])("ABI %i cannot rule the ports that a policy names, which is refused", (landlockAbi) => {
    expect(lineAt(landlockAbi, { tcp: {} })).toMatchObject({ status: "weaker", why: expect.stringContaining("ABI 4") });
    const compile = () => compiled({ tcp: { bind: [80] } }, { host: hostWith({ landlockAbi }) });
    expect(compile).toThrow(expect.objectContaining({ code: "REQUIREMENT_UNMET" }));
  });
});

describe("TCP ports of a policy", () => {
  const portsOf = (policy: Policy) => compiled(policy).plan.landlock?.tcp;

  it("are all that is allowed; without any, none is ruled", () => {
    expect(portsOf({})).toBeNull();
    expect(portsOf({ tcp: {} })).toEqual({ bind: [], connect: [] });
    expect(portsOf({ tcp: { bind: [0, 8080, 8080], connect: [5432] } })).toEqual({ bind: [0, 8080], connect: [5432] });
  });

  it("have those of the proxies added where something may go out, and for names those that are connected to", () => {
    expect(portsOf({ tcp: { connect: [443] }, network: { allow: ["a.example:443"] } })).toEqual({
      bind: [443, 3128, 1080, 53],
      connect: [443, 3128, 1080, 53],
    });
  });
});

describe("an SELinux label", () => {
  const label = "system_u:system_r:container_t:s0:c1,c2";

  it("is passed through to a kernel that runs SELinux, and stated", () => {
    const { plan, enforcement } = compiled({ selinux: label }, { host: hostWith({ selinux: true }) });
    expect(plan.selinux).toBe(label);
    const line = enforcement.protections.find(({ protection }) => protection === "selinux");
    expect(line).toMatchObject({ status: "enforced", by: expect.stringContaining(label) });
  });

  it("is refused everywhere else", () => {
    const compile = () => compiled({ selinux: label }, { host: hostWith({ selinux: false }) });
    expect(compile).toThrow(expect.objectContaining({ code: "REQUIREMENT_UNMET" }));
    const { plan } = compiled({}, { host: hostWith({ selinux: true }) });
    const gvisor = enforcementOf({ ...plan, level: "gvisor", selinux: label }, hostWith({ selinux: true }));
    expect(gvisor.protections.find(({ protection }) => protection === "selinux")?.status).toBe("cannot");
  });
});
