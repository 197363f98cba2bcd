import { describe, expect, it } from "vitest";
import { type Learned, NOTHING_LEARNED } from "../../src/learn/learned.js";
import { least } from "../../src/learn/least.js";

const peer = { family: "inet", address: "127.0.0.1", runs: 1 } as const;
const learned: Learned = {
  ...NOTHING_LEARNED,
  runs: 1,
  peers: [
    { ...peer, call: "bind", port: 8080 },
    { ...peer, call: "connect", port: 5432 },
    { ...peer, call: "connect", port: 8080 },
    { ...peer, call: "connect", port: 8080, family: "inet6", address: "::1" },
    { ...peer, call: "connect", port: 9, family: "unix", address: "/run/x" },
  ],
};

describe("ports that were used", () => {
  it("are rules of the Landlock export", () => {
    const { landlock } = least(learned, {}, 272);
    expect(landlock.handledAccessNet).toEqual(["BIND_TCP", "CONNECT_TCP"]);
    expect(landlock.ports).toEqual([
      { port: 5432, allowedAccess: ["CONNECT_TCP"] },
      { port: 8080, allowedAccess: ["BIND_TCP", "CONNECT_TCP"] },
    ]);
  });

  it("narrow a policy that rules ports, and leave others as they are", () => {
    const wide = { tcp: { bind: [8080, 8081], connect: [1, 2, 5432, 8080] } };
    expect(least(learned, wide, 272).policy.tcp).toEqual({ bind: [8080], connect: [5432, 8080] });
    expect(least(learned, {}, 272).policy).not.toHaveProperty("tcp");
  });
});
