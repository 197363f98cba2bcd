import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { command } from "./command.js";
import { MachineError } from "./errors.js";
import { say } from "./progress.js";

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/**
 * apt for one Debian suite with sources, lists, cache and package status of its own, all below one directory: this
 * machine's stay as they are, and nothing is ever installed. Signatures are checked as always.
 */
export class Apt {
  private constructor(
    private readonly directory: string,
    private readonly options: readonly string[],
  ) {}

  /**
   * @param directory a scratch directory that the caller removes
   * @param suite `bookworm`, `trixie`, `sid`: any that the Debian archive of this machine's own sources holds
   * @param status dpkg's status file: what counts as installed. `/dev/null`: nothing
   * @param architecture Debian's name of another one than this machine's
   */
  static async open(directory: string, suite: string, status = "/dev/null", architecture?: string): Promise<Apt> {
    if (!existsSync(KEYRING)) throw new MachineError(`${KEYRING} is missing: apt-get install debian-archive-keyring`);
    await mkdir(join(directory, "lists/partial"), { recursive: true });
    await mkdir(join(directory, "cache/archives/partial"), { recursive: true });
    const sources = join(directory, "sources.list");
    await writeFile(sources, `deb [signed-by=${KEYRING}] ${await mirror()} ${suite} main\n`);
    const settings = {
      "Dir::Etc::sourcelist": sources,
      "Dir::Etc::sourceparts": "/dev/null",
      "Dir::State::status": status,
      "Dir::State::lists": join(directory, "lists"),
      "Dir::Cache": join(directory, "cache"),
      "APT::Sandbox::User": "",
      "Acquire::Languages": "none",
      ...(architecture === undefined ? {} : { "APT::Architecture": architecture, "APT::Architectures": architecture }),
    };
    const apt = new Apt(
      directory,
      Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`]),
    );
    say(`downloading the package lists of Debian ${suite}`);
    await apt.run("apt-get", "update");
    return apt;
  }

  /** The names of a package and of everything it depends on. */
  async closure(name: string): Promise<readonly string[]> {
    return [...new Set((await this.run("apt-cache", "depends", "--recurse", name)).match(/^\S+$/gm))];
  }

  /** What installing these would add to what `status` says is there. */
  async missing(names: readonly string[]): Promise<readonly string[]> {
    const plan = await this.run("apt-get", "install", "--no-install-recommends", "--simulate", "-qq", ...names);
    return [...plan.matchAll(/^Inst (\S+)/gm)].flatMap(([, name]) => name ?? []);
  }

  /** Downloads exactly these packages and unpacks them; their install scripts never run. */
  async unpack(names: readonly string[], target: string): Promise<void> {
    const listed = await this.run("apt-get", "download", "--print-uris", ...names);
    const bytes = [...listed.matchAll(/^'\S+ \S+ (\d+)/gm)].reduce((sum, [, size]) => sum + Number(size), 0);
    say(`downloading ${names.join(", ")} (${(bytes / 1e6).toFixed(0)} MB)`);
    const downloads = await mkdtemp(join(this.directory, "debs-"));
    await command(["apt-get", ...this.options, "download", ...names], downloads);
    // Not `dpkg-deb -x`: its tar would replace a /lib that is a link to usr/lib by a directory.
    for (const deb of await readdir(downloads))
      await command([
        "sh",
        "-c",
        'dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink -C "$2"',
        "sh",
        join(downloads, deb),
        target,
      ]);
    await rm(downloads, { recursive: true });
  }

  private run(program: string, ...args: string[]): Promise<string> {
    return command([program, ...this.options, ...args]);
  }
}

/** The Debian archive that this machine's own apt uses; it holds every suite. */
async function mirror(): Promise<string> {
  const targets = await command([
    "apt-get",
    "indextargets",
    "--format",
    "$(LABEL)|$(REPO_URI)",
    "Created-By: Packages",
  ]);
  const found = /^Debian\|(\S+)/m.exec(targets)?.[1];
  if (found === undefined)
    throw new MachineError("apt knows no Debian archive: add one to its sources, apt-get update");
  return found;
}
