import { describe, expect, it } from "vitest";
import { type Learned, NOTHING_LEARNED } from "../../src/learn/learned.js";
import { least } from "../../src/learn/least.js";
import { parsePolicy } from "../../src/policy/parse.js";

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

  it("never widen it: a port that it refuses was tried, and is not learned", () => {
    const { policy, landlock } = least(learned, { tcp: { bind: [1], connect: [5432] } }, 272);
    expect(policy.tcp).toEqual({ bind: [], connect: [5432] });
    expect(landlock.ports).toEqual([{ port: 5432, allowedAccess: ["CONNECT_TCP"] }]);
    expect(least(learned, { tcp: {} }, 272).policy.tcp).toEqual({ bind: [], connect: [] });
  });

  it("any that is free stays any that is free, and is no leave to choose one", () => {
    const free: Learned = { ...learned, peers: [...learned.peers, { ...peer, call: "bind", port: 0 }] };
    expect(least(free, { tcp: { bind: [0] } }, 272).policy.tcp).toEqual({ bind: [0], connect: [] });
    expect(least(free, { tcp: { bind: [8080] } }, 272).policy.tcp).toEqual({ bind: [8080], connect: [] });
  });

  it("are a policy that is valid, however many were tried", () => {
    const peers = Array.from({ length: 1024 }, (_, port) => ({ ...peer, call: "connect" as const, port }));
    const { policy } = least({ ...learned, peers }, { tcp: { connect: [80, 443] } }, 272);
    expect(policy.tcp).toEqual({ bind: [], connect: [80, 443] });
    expect(() => parsePolicy(policy)).not.toThrow();
  });
});
