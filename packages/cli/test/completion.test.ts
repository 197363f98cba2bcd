import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { completionScript } from "../src/completion/script.js";
import { makeProgram } from "../src/program.js";

const SHELLS = ["bash", "zsh", "fish"] as const;

/** What bash offers for a command line that ends in the word to complete. */
function offered(words: readonly string[]): readonly string[] {
  const script = `${completionScript("bash", makeProgram())}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}; _bulkhead
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync("bash", ["-c", script], { encoding: "utf8" });
  expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  return stdout.split("\n").filter((line) => line !== "");
}

describe("completion scripts", () => {
  it.each(SHELLS)("%s knows every command and every option", (shell) => {
    const program = makeProgram();
    const script = completionScript(shell, program);
    for (const command of program.commands) {
      expect(script).toContain(command.name());
      for (const { long } of command.options) expect(script).toContain(long?.slice(2));
    }
  });

  it.each(SHELLS)("%s accepts its own", (shell) => {
    const { error, status, stderr } = spawnSync(shell, ["-n"], {
      input: completionScript(shell, makeProgram()),
      encoding: "utf8",
    });
    if (error !== undefined) return; // that shell is not installed here
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });
});

describe("bash completion", () => {
  it("offers commands, options and known values", () => {
    expect(offered(["bulkhead", "e"])).toEqual(["explain"]);
    expect(offered(["bulkhead", "run", "--mem"])).toEqual(["--memory"]);
    expect(offered(["bulkhead", "run", "--level", "c"])).toEqual(["chroot", "container"]);
    expect(offered(["bulkhead", "completion", "f"])).toEqual(["fish"]);
  });

  it("leaves the workload's own words alone", () => {
    expect(offered(["bulkhead", "run", "--", "printen"])).toContain("printenv");
    expect(offered(["bulkhead", "run", "--", "x", "--mem"])).toEqual([]);
  });
});
