import { describe, expect, it } from "vitest";
import { TRACED } from "../../src/contract/generated/control-constants.js";
import { INSIDE } from "../../src/enforcement/assess/microvm.js";
import { confirm } from "../../src/enforcement/confirm.js";
import { type EnforcementTable, enforced, weaker } from "../../src/enforcement/enforcement.js";
import type { BrokerVerdict } from "../../src/evidence/observed.js";
import { LEVELS, type Level } from "../../src/policy/level.js";
import { PROTECTIONS, type Protection } from "../../src/policy/protections.js";
import { evidenceWith } from "../support/evidence.js";

const ALL_SEEN: BrokerVerdict = { inForce: TRACED, contradicted: [] };
const AROUND = TRACED.filter((protection) => !INSIDE.includes(protection));
const TRACED_INSIDE = TRACED.filter((protection) => INSIDE.includes(protection));

/** A table that claims everything. */
function claims(level: Level): EnforcementTable {
  const protections = PROTECTIONS.map((protection) => ({ protection, ...enforced("x") }));
  return { level, weakPoint: "", protections };
}

/** The lines that do not stay enforced. */
function lost(level: Level, verdict: BrokerVerdict, inside?: BrokerVerdict): readonly Protection[] {
  const now = confirm(claims(level), { evidence: evidenceWith(verdict), inside });
  return now.protections.flatMap(({ protection, status }) => (status === "enforced" ? [] : [protection]));
}

function without(protection: Protection): BrokerVerdict {
  return { inForce: TRACED.filter((one) => one !== protection), contradicted: [] };
}

describe("confirm", () => {
  it.each(LEVELS)("changes nothing at level %s when the broker saw all of it", (level) => {
    const seen = { evidence: evidenceWith(ALL_SEEN) };
    expect(confirm(claims(level), seen)).toEqual(claims(level));
  });

  describe.each(["chroot", "container", "gvisor"] as const)("at level %s", (level) => {
    it.each(TRACED)("does not call %s enforced when the broker did not see it", (protection) => {
      expect(lost(level, without(protection))).toEqual([protection]);
    });

    it.each(TRACED)(
      "does not call %s enforced when the broker contradicts it, even if the broker also confirms it",
      (protection) => {
        expect(lost(level, { inForce: TRACED, contradicted: [protection] })).toEqual([protection]);
      },
    );
  });

  it.each(AROUND)("does not call %s of a machine's jail enforced when the broker did not see it", (protection) => {
    expect(lost("microvm", without(protection))).toEqual([protection]);
  });

  it.each(TRACED_INSIDE)(
    "leaves %s of a machine to the guest's kernel, unless its supervisor denies it",
    (protection) => {
      expect(lost("microvm", without(protection))).toEqual([]);
      expect(lost("microvm", ALL_SEEN, { inForce: [], contradicted: [protection] })).toEqual([protection]);
    },
  );

  it.each(TRACED)("takes no guest's word that %s is in force", (protection) => {
    expect(lost("microvm", { inForce: TRACED, contradicted: [protection] }, ALL_SEEN)).toEqual([protection]);
  });

  it.each(AROUND)("lets no guest deny %s, which the host enforces around it", (protection) => {
    expect(lost("microvm", ALL_SEEN, { inForce: [], contradicted: [protection] })).toEqual([]);
  });

  it("says who found it missing, and what to do", () => {
    const [broker, guest] = [
      confirm(claims("container"), { evidence: evidenceWith(without("seccomp")) }),
      confirm(claims("microvm"), {
        evidence: evidenceWith(ALL_SEEN),
        inside: { inForce: [], contradicted: ["seccomp"] },
      }),
    ].map(({ protections }) => protections.find(({ protection }) => protection === "seccomp"));
    expect(broker).toMatchObject({ status: "cannot", why: expect.stringContaining("the broker checked from outside") });
    expect(guest).toMatchObject({ status: "cannot", why: expect.stringContaining("the guest's supervisor checked") });
    expect(broker).toHaveProperty("remedy");
  });

  it("makes no line better", () => {
    const protections = PROTECTIONS.map((protection) => ({ protection, ...weaker("x", "y", "z") }));
    const table = { ...claims("container"), protections };
    expect(confirm(table, { evidence: evidenceWith(ALL_SEEN) })).toEqual(table);
  });
});
