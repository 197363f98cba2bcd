import { type Kernel, kernels } from "bulkhead/host";
import { Command, InvalidArgumentError } from "commander";
import { defined } from "../defined.js";
import { unlessInterrupted } from "../interrupted.js";
import { finish, jsonLine, print } from "../output/write.js";

interface KernelFlags {
  readonly json?: boolean;
  readonly ifMissing?: boolean;
  readonly jobs?: number;
}

/** `bulkhead kernel`: manages the kernels that microVMs boot. */
export function kernelCommand(): Command {
  return new Command("kernel")
    .description("fetch, build and choose the kernel that microVMs boot")
    .addCommand(
      new Command("fetch")
        .description("download the distribution's kernel for virtual machines; does not install it on this machine")
        .option("--if-missing", "do nothing if there is a default kernel")
        .option("--json", "print it as a JSON object")
        .action(async ({ ifMissing, json }: KernelFlags) => {
          const bring = ifMissing === true ? kernels.ensure : kernels.fetch;
          await tell(await unlessInterrupted((signal) => bring({ onProgress, signal })), json);
        }),
    )
    .addCommand(
      new Command("build")
        .description(
          "build a small kernel from the distribution's sources: takes minutes once, then every boot is faster",
        )
        .option("--jobs <n>", "compiler processes at once (default: one for each processor)", parseJobs)
        .option("--json", "print it as a JSON object")
        .action(async ({ jobs, json }: KernelFlags) => {
          const chosen = defined({ jobs });
          await tell(await unlessInterrupted((signal) => kernels.build({ onProgress, signal, ...chosen })), json);
        }),
    )
    .addCommand(
      new Command("ls")
        .description("list the installed kernels; a star marks the default")
        .option("--json", "print them as a JSON object")
        .action(async ({ json }: KernelFlags) => {
          const found = await kernels.list();
          const lines = found.kernels.map(
            ({ name, origin }) => `${name === found.current ? "*" : " "} ${name}  ${origin}\n`,
          );
          await print(process.stdout, json === true ? jsonLine(found) : lines.join(""));
          await finish(0);
        }),
    )
    .addCommand(
      new Command("use")
        .description("make a kernel the default")
        .argument("<name>", "as `ls` shows it")
        .option("--json", "print it as a JSON object")
        .action(async (name: string, { json }: KernelFlags) => {
          await tell(await kernels.use(name), json);
        }),
    );
}

function onProgress(line: string): void {
  process.stderr.write(`${line.trimEnd()}\n`);
}

function parseJobs(text: string): number {
  const jobs = Number(text);
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > 1024) throw new InvalidArgumentError("a number from 1 to 1024.");
  return jobs;
}

async function tell(kernel: Kernel, json: boolean | undefined): Promise<void> {
  await print(process.stdout, json === true ? jsonLine(kernel) : `${kernel.name}\n`);
  await finish(0);
}
