import { spawn } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { withStatus } from "./counts.js";
import { type Part, reportPath } from "./parts.js";
import { TemporaryFolder } from "./temporary.js";
import { add, failure, nothing, type Verdict } from "./verdict.js";

const root = new URL("../../", import.meta.url).pathname;

/**
 * Runs one part, shows its output as it arrives, and counts. A part that leaves something in the temporary folder
 * fails.
 */
export async function runPart(part: Part): Promise<Verdict> {
  using temporary = new TemporaryFolder();
  const verdict = await verdictOf(part, temporary);
  const left = temporary.left();
  return left.length === 0 ? verdict : add(verdict, failure(`left in the temporary folder: ${left.join(" ")}`));
}

async function verdictOf(part: Part, temporary: TemporaryFolder): Promise<Verdict> {
  await rm(`${root}${reportPath}`, { force: true });
  const { output, succeeded } = await runCommand(part, temporary);
  const text = part.count.from === "output" ? output : await readFile(`${root}${reportPath}`, "utf8").catch(() => "");
  const verdict = text === "" && part.count.from === "report" ? nothing : part.count.parse(text);
  if (part.group === "checks") return succeeded ? verdict : failure("see above");
  return withStatus(verdict, output, succeeded);
}

function runCommand(part: Part, temporary: TemporaryFolder): Promise<{ output: string; succeeded: boolean }> {
  const [file = "", ...args] = part.argv;
  return new Promise((resolve) => {
    // A separate process group, so that a part that hangs is ended with all its children.
    const child = spawn(file, args, {
      cwd: `${root}${part.cwd}`,
      env: { ...process.env, ...part.env, TMPDIR: temporary.path },
      stdio: ["ignore", "pipe", "inherit"],
      detached: true,
    });
    const end = () => {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    };
    const timer = setTimeout(() => {
      process.stderr.write(`${part.name}: still running after ${part.minutes} minutes; ended\n`);
      end();
    }, part.minutes * 60_000);
    const interrupted = () => {
      end();
      temporary[Symbol.dispose]();
      process.exit(130);
    };
    process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      process.stdout.write(text);
    });
    const finish = (succeeded: boolean) => {
      clearTimeout(timer);
      process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
      resolve({ output, succeeded });
    };
    child.once("error", (error) => {
      process.stderr.write(`${part.name}: ${error.message}\n`);
      finish(false);
    });
    child.once("close", (code) => finish(code === 0));
  });
}
