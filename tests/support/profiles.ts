import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { TemporaryDirectory } from "./temporary.js";

const execute = promisify(execFile);

/** A seccomp profile that somebody else wrote and ships, or why there is none here. */
export interface Foreign {
  readonly writer: string;
  readonly text: string | undefined;
  readonly why: string;
}

const PODMAN = "/usr/share/containers/seccomp.json";
const DOCKER = "./usr/share/gocode/src/github.com/docker/docker/profiles/seccomp";

/** Docker's of 2016: a rule for each call, and nothing of what kernels have had since. */
const OLD = "fixtures/default-old-format.json";

/**
 * What others ship (`BULKHEAD_REQUIRE=profiles`: all of it must be there), from this machine's packages: none of it is
 * in the repository.
 */
export async function foreignProfiles(): Promise<readonly Foreign[]> {
  const found = await Promise.all([podman(), docker("default.json"), docker(OLD), systemd()]);
  const lacking = found.filter(({ text }) => text === undefined);
  if (lacking.length > 0 && (process.env["BULKHEAD_REQUIRE"] ?? "").split(",").includes("profiles")) {
    throw new Error(lacking.map(({ writer, why }) => `${writer}: ${why}`).join("; "));
  }
  return found;
}

async function podman(): Promise<Foreign> {
  const writer = "Podman";
  if (!existsSync(PODMAN)) return { writer, text: undefined, why: "install golang-github-containers-common" };
  return { writer, text: await readFile(PODMAN, "utf8"), why: "" };
}

/** Out of the package of Docker's sources, which is fetched and not installed: it would bring 260 others. */
async function docker(file: string): Promise<Foreign> {
  const writer = `Docker (${file})`;
  await using directory = await TemporaryDirectory.create("docker-profile");
  const cwd = directory.path;
  try {
    await execute("apt-get", ["download", "-q", "golang-github-docker-docker-dev"], { cwd });
    const extract = `dpkg-deb --fsys-tarfile ./*.deb | tar -xO '${DOCKER}/${file}'`;
    const { stdout } = await execute("sh", ["-c", extract], { cwd });
    return { writer, text: stdout, why: "" };
  } catch {
    return { writer, text: undefined, why: "apt-get download golang-github-docker-docker-dev gives nothing here" };
  }
}

/** The calls of systemd's `SystemCallFilter=@system-service`, as a profile that refuses the rest as a unit does. */
async function systemd(): Promise<Foreign> {
  const writer = "systemd (@system-service)";
  try {
    const names = [...(await callsOf("@system-service"))];
    const allow = { names, action: "SCMP_ACT_ALLOW" };
    const profile = { defaultAction: "SCMP_ACT_ERRNO", defaultErrno: "EPERM", architectures: ["SCMP_ARCH_NATIVE"] };
    return { writer, text: JSON.stringify({ ...profile, syscalls: [allow] }), why: "" };
  } catch {
    return { writer, text: undefined, why: "there is no systemd-analyze here" };
  }
}

async function callsOf(group: string): Promise<ReadonlySet<string>> {
  const { stdout } = await execute("systemd-analyze", ["--no-pager", "syscall-filter", group]);
  const members = stdout
    .split("\n")
    .slice(1)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const found = await Promise.all(
    members.map(async (one) => (one.startsWith("@") ? [...(await callsOf(one))] : [one])),
  );
  return new Set(found.flat());
}
