import { describe, expect, it } from "vitest";
import { identity } from "../../src/enforcement/assess/identity.js";
import { microvm } from "../../src/enforcement/assess/microvm.js";
import type { Plan } from "../../src/plan/schema.js";
import { hostWith } from "../support/facts.js";

const { "uid-range": uidRange } = microvm(identity as Parameters<typeof microvm>[0]);

describe("the uids of a machine's monitor", () => {
  it("belong to no other sandbox where the host's broker runs as root", () => {
    expect(uidRange?.({} as Plan, { ...hostWith(), privileged: true }).status).toBe("enforced");
  });

  it("are the caller's where it does not, for any uid of the guest's broker", () => {
    const verdict = uidRange?.({} as Plan, { ...hostWith({ privileged: true, callerUid: 1000 }), privileged: false });
    expect(verdict).toMatchObject({ status: "weaker", by: expect.stringContaining("(1000)") });
  });
});
