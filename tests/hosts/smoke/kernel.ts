import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { BulkheadError, type Level, type Policy, reportHost, run } from "bulkhead";
import type { Case } from "./list.js";

const PATTERN = "/proc/sys/kernel/core_pattern";
const PROFILE = "bulkhead-smoke-custom";
const asRoot = process.getuid?.() === 0;

/** What depends on the kernel's version and modules, and what only a machine of one's own may be asked: its settings are changed. */
export function kernelCases(level: Level): readonly Case[] {
  return [
    { name: `${level}: TCP ports are ruled by Landlock from ABI 4 on, and refused before`, check: () => ports(level) },
    { name: `${level}: a custom AppArmor profile is entered by its name`, check: () => custom(level) },
    { name: `${level}: a crash starts no core dump handler of the host`, check: () => crash(level) },
  ];
}

async function ports(level: Level): Promise<string | undefined> {
  const { facts } = await reportHost();
  const attempt = run(["sh", "-c", "nc -l -p 8080 2>&1"], { level, tcp: {} });
  if (facts.landlockAbi >= 4) {
    const { stdout } = await attempt;
    if (!stdout.includes("Permission denied")) throw new Error(`bound: ${stdout}`);
    return undefined;
  }
  const refused = await attempt.then(
    () => "it ran",
    (error: unknown) => (error instanceof BulkheadError ? error.code : String(error)),
  );
  if (refused !== "REQUIREMENT_UNMET") throw new Error(`ABI ${facts.landlockAbi}: ${refused}`);
  return undefined;
}

/** Refuses one directory that everything else lets be written to. */
const TEXT = `profile ${PROFILE} flags=(attach_disconnected) {
  file,
  "/memfd:*" rmix,
  capability,
  network,
  unix,
  signal,
  ptrace,
  deny /work/** w,
}
`;

async function custom(level: Level): Promise<string | undefined> {
  const parser = "/usr/sbin/apparmor_parser";
  if (!existsSync("/sys/kernel/security/apparmor/profiles") || !asRoot) return "no AppArmor, or not root";
  if (!existsSync(parser)) return "no AppArmor parser";
  const policy: Policy = { level, apparmor: PROFILE, files: [{ tmpfs: "/open", size: "1MiB" }] };
  const early = await run(["true"], policy).then(String, (error: unknown) => (error as BulkheadError).code);
  if (early !== "APPARMOR_FAILED") throw new Error(`not loaded, and yet: ${early}`);
  const loading = ["--config-file", "/dev/null", "--skip-cache"];
  const loaded = spawnSync(parser, [...loading, "--replace"], { input: TEXT, encoding: "utf8" });
  if (loaded.status !== 0) throw new Error(loaded.stderr);
  try {
    const script =
      "echo x >/open/file && echo wrote; echo y >/work/file; read -r label </proc/self/attr/current; echo $label";
    const { stdout, stderr } = await run(["sh", "-c", script], policy);
    if (stdout !== `wrote\n${PROFILE} (enforce)\n` || !stderr.includes("Permission denied"))
      throw new Error(JSON.stringify([stdout, stderr]));
  } finally {
    spawnSync(parser, [...loading, "--remove"], { input: TEXT });
  }
  return undefined;
}

async function crash(level: Level): Promise<string | undefined> {
  if (!asRoot) return "not root";
  const [handler, trace] = ["/run/bulkhead-core", "/run/bulkhead-core-ran"];
  const before = readFileSync(PATTERN, "utf8");
  writeFileSync(handler, `#!/bin/sh\nwhile read -r _; do :; done\necho ran >${trace}\n`, { mode: 0o755 });
  writeFileSync(PATTERN, `|${handler}`);
  try {
    // That it would be started, but for the limit.
    spawnSync("sh", ["-c", "kill -ABRT $$"]);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    if (!existsSync(trace)) return "no handler is started here at all";
    rmSync(trace);
    await run(["sh", "-c", "kill -ABRT $$"], { level });
    await new Promise((resolve) => setTimeout(resolve, 2000));
    if (existsSync(trace)) throw new Error("the handler ran");
  } finally {
    writeFileSync(PATTERN, before);
    rmSync(handler, { force: true });
    rmSync(trace, { force: true });
  }
  return undefined;
}
