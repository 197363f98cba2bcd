import { errnoOf } from "../arguments/given-file.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { DEFAULT_USER, DEFAULT_WORKDIR } from "../policy/defaults.js";
import type { ResolvedPolicy } from "../policy/resolved.js";
import { defined } from "../values/defined.js";
import type { DirectoryRoot, ImageDefaults, Inputs } from "./input-types.js";
import { hostFile } from "./inputs/host-file.js";
import { LayeredRoot } from "./inputs/layered.js";
import { ACCOUNT_FILES, coveredFiles, linksOf, mountPoints } from "./inputs/mount-points.js";
import { foundOf, refuseReplaced } from "./inputs/replaceable.js";
import { resolveUser } from "./inputs/user.js";
import { volumesIn } from "./inputs/volumes.js";

/** An image, unpacked. */
export interface OpenedImage {
  /** Topmost first. Their content never changes. */
  readonly layers: readonly string[];
  readonly digest?: string;
  readonly config: {
    readonly entrypoint: readonly string[];
    readonly cmd: readonly string[];
    readonly env: Readonly<Record<string, string>>;
    /** Absolute and normal. */
    readonly workdir: string | null;
    /** Parts of the image that are ignored, one line each. */
    readonly notes?: readonly string[];
    /** Directories that must be writable. */
    readonly volumes?: readonly string[];
    /** As in the image: `name`, `uid`, `name:group`, … or empty. */
    readonly user: string | null;
  };
}

export interface InputSources {
  /** The directory of the built-in root file system. */
  readonly baseRoot: string;
  /** Whether a link in a host path of the policy is an error. */
  readonly refuseLinks?: boolean;
  /** Unpacks an image; a parameter, so that plans do not depend on images. */
  readonly openImage: (source: string) => Promise<OpenedImage>;
}

/** The accounts of a root that Bulkhead itself builds. */
const OWN_ACCOUNTS = {
  passwd: `root:x:0:0:root:/:/bin/sh\n${DEFAULT_USER.name}:x:1000:1000::/work:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n`,
  group: `root:x:0:\n${DEFAULT_USER.name}:x:1000:\nnogroup:x:65534:\n`,
};

/**
 * Looks up the names of a policy on this host: its root and the root's content, its files, its user. Throws
 * ROOT_INVALID, FILES_INVALID, PROFILE_INVALID, USER_UNKNOWN, SETUP_MISSING, and as `openImage` does.
 */
export async function gatherInputs(policy: ResolvedPolicy, sources: InputSources): Promise<Inputs> {
  const inputs = await gatherRoot(policy, sources);
  if (policy.syscalls.kind !== "file") return inputs;
  const { path } = policy.syscalls;
  // Loaded on demand, because few policies name one.
  const { loadOciProfile } = await import("../syscalls/read.js");
  return { ...inputs, profile: { path, content: await loadOciProfile(path) } };
}

async function gatherRoot(policy: ResolvedPolicy, sources: InputSources): Promise<Inputs> {
  const links = sources.refuseLinks === true ? "refused" : "followed";
  const files = policy.files.map((file) =>
    file.kind === "host" ? hostFile(file.source, "FILES_INVALID", links) : null,
  );
  const { all, writable } = foundOf(policy.files, files);
  if (writable.length > 0) for (const file of all) refuseReplaced(file, writable);
  if (policy.root.kind === "host") {
    // Loaded on demand: it loads all of Node's crypto, which costs a short run milliseconds.
    const { hostRoot } = await import("./inputs/host-root/host-root.js");
    const user = resolveUser(policy.user, OWN_ACCOUNTS, null);
    const workdir = policy.workdir ?? DEFAULT_WORKDIR;
    return { root: hostRoot(), files, user, workdir, home: workdir, image: null };
  }
  const image = policy.root.kind === "image" ? await sources.openImage(policy.root.source) : null;
  const { workdir, home } = placesOf(policy, image);
  const layers = image?.layers ?? [directoryOf(policy, sources)];
  const view = image === null ? new LayeredRoot(layers) : viewOf(layers);
  const { volumes, notes } = volumesIn(view, image?.config.volumes ?? []);
  const root = {
    ...lookingInto(layers[0], () =>
      directoryRoot(policy, layers, { image: image !== null, onLink: links }, view, home),
    ),
    volumes,
  };
  if (policy.root.kind === "directory") {
    refuseReplaced({ source: policy.root.path, path: root.directory.path }, writable);
  }
  const accounts = {
    passwd: root.contents[ACCOUNT_FILES.passwd] ?? "",
    group: root.contents[ACCOUNT_FILES.group] ?? "",
  };
  return {
    root,
    files,
    workdir,
    home,
    user: resolveUser(policy.user, accounts, image?.config.user ?? null),
    image: defaultsOf(image, notes),
  };
}

/** The caller may lack permission to reach the mount point. */
function lookingInto<T>(path: string | undefined, look: () => T): T {
  try {
    return look();
  } catch (cause) {
    const errno = errnoOf(cause);
    if (errno === undefined || !(cause instanceof Error) || cause instanceof BulkheadError) throw cause;
    const at = "path" in cause && typeof cause.path === "string" ? cause.path : path;
    throw new BulkheadError("ROOT_INVALID", {
      operation: "look into",
      errno,
      cause,
      ...defined({ path: at }),
    });
  }
}

function directoryOf({ root }: ResolvedPolicy, sources: InputSources): string {
  return root.kind === "directory" ? root.path : sources.baseRoot;
}

/** Looking through many layers takes longer than a launch, and gives the same result each time. */
const views = new Map<string, LayeredRoot>();
const MOST_VIEWS = 32;

function viewOf(layers: readonly string[]): LayeredRoot {
  const name = layers.join("\n");
  const view = views.get(name) ?? new LayeredRoot(layers);
  if (views.size >= MOST_VIEWS) views.clear();
  views.set(name, view);
  return view;
}

function directoryRoot(
  policy: ResolvedPolicy,
  layers: readonly string[],
  { image, onLink }: { readonly image: boolean; readonly onLink: "followed" | "refused" },
  view: LayeredRoot,
  home: string,
): DirectoryRoot {
  const [path = ""] = layers;
  const own = policy.root.kind === "directory";
  const directory = hostFile(
    path,
    policy.root.kind === "base" ? "SETUP_MISSING" : "ROOT_INVALID",
    own ? onLink : "followed",
  );
  if (directory.kind !== "directory") throw new BulkheadError("ROOT_INVALID", { path, detail: "not a directory" });
  const links = linksOf(policy, home, view);
  const places = [...mountPoints(policy, home), ...Object.values(links)];
  const kinds = places.map((at) => [at, view.kindAt(at)] as const);
  const contents = coveredFiles(policy).flatMap((at) => {
    const text = view.read(links[at] ?? at);
    return text === undefined ? [] : [[at, text] as const];
  });
  return {
    kind: "directory",
    directory,
    layers: image ? layers : null,
    kindAt: Object.fromEntries(kinds),
    ...(Object.keys(links).length === 0 ? {} : { links }),
    contents: Object.fromEntries(contents),
  };
}

/**
 * The workload's start directory, and its own writable one. In an image that names no directory it starts in `/`, as
 * with Docker, so that a relative entrypoint is found.
 */
function placesOf(policy: ResolvedPolicy, image: OpenedImage | null): Pick<Inputs, "workdir" | "home"> {
  const workdir = policy.workdir ?? (image === null ? DEFAULT_WORKDIR : (image.config.workdir ?? "/"));
  return { workdir, home: image !== null && workdir === "/" ? DEFAULT_WORKDIR : workdir };
}

function defaultsOf(image: OpenedImage | null, more: readonly string[]): ImageDefaults | null {
  if (image === null) return null;
  const { entrypoint, cmd, env, notes = [] } = image.config;
  return {
    entrypoint,
    cmd,
    env,
    notes: [...notes, ...more],
    ...defined({ digest: image.digest }),
  };
}
