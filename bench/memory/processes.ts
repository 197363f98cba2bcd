import { spawn } from "node:child_process";
import { once } from "node:events";
import { pathToFileURL } from "node:url";
import { type Build, nameOf } from "../build.js";

/**
 * Processes of each build that have run one sandbox without a network and wait; several, because a heap is never twice
 * the same.
 */
const PROCESSES = 5;

const SCRIPT = (library: string) => `
const { run } = await import(${JSON.stringify(library)});
await run(["/bin/true"], { level: "container" });
globalThis.gc();
console.log(process.memoryUsage.rss());
process.exit(0);
`;

/** Memory of a program that uses the library: the median resident memory of its Node process. */
export async function processesTable(builds: readonly Build[]): Promise<string> {
  const lines: string[] = [];
  let first: number | undefined;
  for (const build of builds) {
    const sizes: number[] = [];
    for (let made = 0; made < PROCESSES; made += 1) sizes.push(await resident(build));
    const median = sizes.sort((a, b) => a - b)[Math.floor(PROCESSES / 2)] ?? Number.NaN;
    first ??= median;
    const ratio = `${(first / median).toFixed(3)} × of it is this build's`;
    lines.push(`${nameOf("library process", build).padEnd(24)} ${(median / 1024 / 1024).toFixed(1)} MiB   ${ratio}`);
  }
  return `memory of a process that has run one sandbox\n${lines.join("\n")}\n`;
}

async function resident(build: Build): Promise<number> {
  const library = pathToFileURL(`${build.root}packages/bulkhead/dist/index.js`).href;
  const argv = ["--expose-gc", "--input-type=module", "-e", SCRIPT(library)];
  const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`a library process ended with ${code}`);
  return Number(output);
}
