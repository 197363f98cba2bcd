import { BulkheadError, compareLevels } from "bulkhead";
import { describe, expect, it } from "vitest";

const LEVELS = ["chroot", "container"] as const;

describe("the same job at two levels", () => {
  it("comes out the same when it does not look at its walls", async () => {
    const job = "echo out; echo err >&2; mkdir d; echo 42 >d/result; ln -s d/result link; exit 3";
    const { same, differences, runs } = await compareLevels(["sh", "-c", job], LEVELS);
    expect(differences).toEqual([]);
    expect(same).toBe(true);
    expect(runs.map(({ level, exitCode, stdout }) => [level, exitCode, stdout])).toEqual([
      ["chroot", 3, "out\n"],
      ["container", 3, "out\n"],
    ]);
    expect(runs[0].files).toMatchObject({ "/work/link": "symlink -> d/result" });
    expect(runs[0].files["/work/d/result"]).toMatch(/^file 0644 [0-9a-f]{64}$/);
    expect(runs[0].durationMs).toBeGreaterThan(0);
  });

  it("reports the differences between levels: output, exit and files", async () => {
    // A host name is the sandbox's own from level container on.
    const job = 'read -r name </proc/sys/kernel/hostname; echo "$name"; echo "$name" >name; [ "$name" = sandbox ]';
    const { same, differences } = await compareLevels(["sh", "-c", job], LEVELS, { hostname: "sandbox" });
    expect(same).toBe(false);
    expect(differences.map(({ what }) => what)).toEqual(["exit", "stdout", "/work/name"]);
    expect(differences[0]?.values).toEqual(["exit code 1", "exit code 0"]);
    expect(differences[1]?.values[1]).toBe("line 1: sandbox");
  });

  it("refuses a job that would change the host between its runs", async () => {
    const files = [{ host: import.meta.dirname, at: "/data", mode: "rw" as const }];
    const failure = await compareLevels(["true"], LEVELS, { files }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(BulkheadError);
    expect(failure).toMatchObject({ code: "DIFF_WRITES_HOST", path: import.meta.dirname });
  });
});
