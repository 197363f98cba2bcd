import { execFile } from "node:child_process";
import { basename, dirname } from "node:path";
import { promisify } from "node:util";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { PROBE, ProbeDirectory } from "./probe.js";
import { type Inside, parseInside } from "./report.js";

const execute = promisify(execFile);
const LIMITS = { maxBuffer: 64 * 1024 * 1024, timeout: 120_000 } as const;

/** What the same probe finds where Bulkhead is not. */
export interface PeerSurface {
  readonly peer: string;
  /** How it was started. */
  readonly command: string;
  /** Null: it is not installed, or does not work here. */
  readonly inside: Inside | null;
  readonly why: string | null;
}

interface Peer {
  readonly name: string;
  readonly command: (probe: ProbeDirectory) => readonly string[];
  /** Makes what the command needs; what it gives back removes it. */
  readonly prepare?: (probe: ProbeDirectory) => Promise<() => Promise<unknown>>;
}

/** Who nobody is, on every Linux. */
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

/** As it comes, but for an image that holds the probe alone. */
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

/** Runs the probe as a bare process of nobody in particular, and in the sandboxes of others that are installed. @throws BulkheadError SETUP_MISSING */
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
    // Root would reach everything: a bare process is compared as what programs usually are.
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
