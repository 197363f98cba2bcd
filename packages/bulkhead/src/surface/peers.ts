import { execFile } from "node:child_process";
import { basename, dirname } from "node:path";
import { promisify } from "node:util";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { PROBE, ProbeDirectory } from "./probe.js";
import { type Inside, parseInside } from "./report.js";

const execute = promisify(execFile);
const LIMITS = { maxBuffer: 64 * 1024 * 1024, timeout: 120_000 } as const;

/** The same probe's findings without Bulkhead. */
export interface PeerSurface {
  readonly peer: string;
  /** The command that started it. */
  readonly command: string;
  /** Null: not installed, or not working here. */
  readonly inside: Inside | null;
  readonly why: string | null;
}

interface Peer {
  readonly name: string;
  readonly command: (probe: ProbeDirectory) => readonly string[];
  /** Creates what the command needs; its result removes it. */
  readonly prepare?: (probe: ProbeDirectory) => Promise<() => Promise<unknown>>;
}

/** The uid of nobody, on every Linux. */
const NOBODY = 65_534;

const PEERS: readonly Peer[] = [
  {
    name: "bare process",
    command: ({ program }) => [program, "inside"],
  },
  {
    name: "bubblewrap",
    command: ({ path }) => [
      ...["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--ro-bind", "/", "/"],
      ...["--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--ro-bind", path, "/tmp/surface"],
      ...["--", `/tmp/surface/${PROBE}`, "inside"],
    ],
  },
  engine("docker"),
  engine("podman"),
];

/** In its default configuration, with an image that contains only the probe. */
function engine(program: "docker" | "podman"): Peer {
  return {
    name: program,
    command: ({ path }) => [program, "run", "--rm", imageFor(path), `/${PROBE}`, "inside"],
    prepare: async ({ path }) => {
      const tag = imageFor(path);
      const archive = `${path}/image.tar`;
      await execute("tar", ["-C", path, "-cf", archive, PROBE], LIMITS);
      await execute(program, ["import", archive, tag], LIMITS);
      return async () => await execute(program, ["rmi", tag], LIMITS);
    },
  };
}

function imageFor(path: string): string {
  return `bulkhead-surface:${basename(path).toLowerCase()}`;
}

/**
 * Runs the probe as a bare, unprivileged process, and in other installed sandboxes.
 * @throws BulkheadError SETUP_MISSING
 */
export async function measurePeers(): Promise<readonly PeerSurface[]> {
  using probe = new ProbeDirectory();
  const found: PeerSurface[] = [];
  for (const peer of PEERS) found.push(await measured(peer, probe));
  return found;
}

async function measured(peer: Peer, probe: ProbeDirectory): Promise<PeerSurface> {
  const command = peer.command(probe);
  const shown = command.join(" ").replaceAll(dirname(probe.program), "DIRECTORY");
  let clean: (() => Promise<unknown>) | undefined;
  try {
    clean = await peer.prepare?.(probe);
    const [file = "", ...rest] = command;
    // Root would reach everything, so the bare process runs as an ordinary user.
    const bare = peer.name === "bare process" && process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
    const { stdout } = await execute(file, rest, { ...LIMITS, ...bare, cwd: "/" });
    return { peer: peer.name, command: shown, inside: parseInside(stdout), why: null };
  } catch (error) {
    if (error instanceof BulkheadError) throw error;
    return { peer: peer.name, command: shown, inside: null, why: reason(error) };
  } finally {
    await clean?.().catch(() => undefined);
  }
}

function reason(error: unknown): string {
  const { code, stderr } = error as { readonly code?: unknown; readonly stderr?: unknown };
  if (code === "ENOENT") return "not installed";
  const said = typeof stderr === "string" ? (stderr.trim().split("\n")[0] ?? "") : "";
  return `does not work here: ${said.slice(0, 200)}`;
}
