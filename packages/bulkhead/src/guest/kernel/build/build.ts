import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { BulkheadError } from "../../../errors/bulkhead-error.js";
import { command } from "../../command.js";
import { type AptOptions, knowingApt, neededPackages, unpackPackages } from "../apt.js";
import { type Kernel, keepKernel, listKernels, useKernel } from "../store.js";
import { inWorkDirectory } from "../work.js";
import { configFragment, missingOptions } from "./options.js";

/** Options for building a kernel. */
export interface BuildKernelOptions {
  /** Concurrent compilers. Default: the number of processors. */
  readonly jobs?: number;
  /** Fails instead of downloading. */
  readonly offline?: boolean;
  /** Called with each line of progress. */
  readonly onProgress?: (line: string) => void;
  /** Cancels the build. */
  readonly signal?: AbortSignal;
}

/** The distribution's sources, with its security updates. */
const META_PACKAGE = "linux-source";
const SOURCE_PACKAGE = /^linux-source-\d+\.\d+$/;

/** Programs needed for the build, and their packages. */
const TOOLS: readonly (readonly [program: string, packages: string])[] = [
  ["make", "make"],
  ["gcc", "gcc libc6-dev libelf-dev"],
  ["flex", "flex"],
  ["bison", "bison"],
  ["bc", "bc"],
  ["xz", "xz-utils"],
];

/**
 * Builds the small kernel of `options.ts` from the distribution's source package and makes it the default. Reuses an
 * earlier build of the same sources and options.
 *
 * Throws KERNEL_UNAVAILABLE if a tool or the sources are missing, or Linux no longer knows an option; ABORTED.
 */
export async function buildKernel(options: BuildKernelOptions = {}): Promise<Kernel> {
  const { jobs = availableParallelism(), onProgress = () => undefined, signal } = options;
  const aptOptions = { onLine: onProgress, signal };
  const fragment = configFragment();
  if (options.offline ?? (process.env["BULKHEAD_OFFLINE"] ?? "") !== "") {
    throw new BulkheadError("KERNEL_UNAVAILABLE", { operation: "download kernel sources", detail: "offline" });
  }
  await checkTools();
  return await inWorkDirectory(async (work) => {
    const apt = await knowingApt(META_PACKAGE, join(work, "apt"), aptOptions);
    const names = (await neededPackages(apt, META_PACKAGE, SOURCE_PACKAGE, aptOptions)).slice(-1);
    if (names.length === 0) {
      throw new BulkheadError("KERNEL_UNAVAILABLE", { operation: "find package", path: META_PACKAGE });
    }
    const version = await candidate(apt, names, signal);
    const origin = `built from ${names.join(" ")} ${version}, options ${digest(fragment)}`;
    const before = (await listKernels()).find((kernel) => kernel.origin === origin);
    if (before !== undefined) {
      await useKernel(before);
      return before;
    }
    const { tree } = await unpackPackages(apt, names, work, aptOptions);
    const source = await unpackSource(tree, work, aptOptions);
    await configure(source, fragment, signal);
    const release = (await command("make", ["-s", "kernelrelease"], { cwd: source, signal })).toString().trim();
    onProgress(`building Linux ${release}`);
    const counted = countLines(onProgress, release);
    await command("make", [`-j${jobs}`, "vmlinux"], { cwd: source, onLine: counted, signal });
    await command("strip", ["--strip-all", "vmlinux"], { cwd: source, signal });
    const kernel = await keepKernel({
      name: `built-${release}`,
      release,
      origin,
      acpi: false,
      vmlinux: await readFile(join(source, "vmlinux")),
      modules: [],
    });
    await useKernel(kernel);
    return kernel;
  });
}

async function checkTools(): Promise<void> {
  for (const [program, packages] of TOOLS) {
    await command(program, ["--version"]).catch((cause: unknown) => {
      const detail = `it takes the Debian packages ${TOOLS.map(([, names]) => names).join(" ")}`;
      throw new BulkheadError("KERNEL_UNAVAILABLE", { operation: `find ${program} (${packages})`, detail, cause });
    });
  }
}

async function candidate(
  apt: readonly string[],
  names: readonly string[],
  signal: AbortSignal | undefined,
): Promise<string> {
  const policy = (await command("apt-cache", [...apt, "policy", ...names], { signal })).toString();
  return /Candidate: (\S+)/.exec(policy)?.[1] ?? "unknown";
}

async function unpackSource(tree: string, work: string, { onLine, signal }: AptOptions): Promise<string> {
  const directory = join(tree, "usr", "src");
  const archive = (await readdir(directory)).find((file) => /^linux-source-[\d.]+\.tar\.xz$/.test(file));
  if (archive === undefined) {
    throw new BulkheadError("KERNEL_UNAVAILABLE", { operation: "unpack package", path: directory });
  }
  onLine(`unpacking ${archive}`);
  const source = join(work, "source");
  await mkdir(source);
  await command("tar", ["-xJf", join(directory, archive), "-C", source, "--strip-components=1"], { signal });
  return source;
}

/**
 * Configures the kernel from the fragment and checks that every option took effect: one dropped silently could mean a
 * missing wall.
 */
async function configure(source: string, fragment: string, signal: AbortSignal | undefined): Promise<void> {
  const wanted = join(source, ".bulkhead-options");
  await writeFile(wanted, fragment);
  await command("make", ["-s", `KCONFIG_ALLCONFIG=${wanted}`, "allnoconfig"], { cwd: source, signal });
  const missing = missingOptions(await readFile(join(source, ".config"), "utf8"));
  if (missing.length === 0) return;
  throw new BulkheadError("KERNEL_UNAVAILABLE", { operation: "configure kernel", detail: missing.join(" ") });
}

/** Reports progress now and then; a build prints thousands of lines. */
function countLines(onProgress: (line: string) => void, release: string): (line: string) => void {
  const EACH = 250;
  let count = 0;
  return (line) => {
    if (!/^\s+(?:CC|AS|LD|AR)\s/.test(line)) return;
    count += 1;
    if (count % EACH === 0) onProgress(`building Linux ${release}: ${count} files`);
  };
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
