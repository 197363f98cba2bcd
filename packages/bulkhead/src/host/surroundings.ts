import { existsSync, readFileSync } from "node:fs";

/** What this machine or container is, as far as that decides how Bulkhead is allowed more here. */
export type Surroundings = "docker" | "podman" | "kubernetes" | "systemd-nspawn" | "lxc" | "wsl1" | "wsl2";

export interface FoundSurroundings {
  readonly kind: Surroundings;
  /** The file or variable that says so. Anyone inside may have put it there: it chooses advice and nothing else. */
  readonly by: string;
}

/** What detection looks at; tests give their own. */
export interface Signs {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A file's text; undefined if there is none. */
  readonly read: (path: string) => string | undefined;
}

const FILES: readonly (readonly [path: string, kind: Surroundings])[] = [
  ["/.dockerenv", "docker"],
  ["/run/.containerenv", "podman"],
];
/** Where systemd, and container managers by its container interface, name the manager. */
const MANAGERS = ["/run/host/container-manager", "/run/systemd/container"];
const SERVICE = "KUBERNETES_SERVICE_HOST";
const RELEASE = "/proc/sys/kernel/osrelease";

/** All that apply, the outermost last: a pod's container has Kubernetes first, then its engine. */
export function surroundings(
  { env, read }: Signs = { env: process.env, read: readText },
): readonly FoundSurroundings[] {
  const found: FoundSurroundings[] = [];
  const add = (kind: Surroundings | undefined, by: string) => {
    if (kind !== undefined && found.every((each) => each.kind !== kind)) found.push({ kind, by });
  };
  if ((env[SERVICE] ?? "") !== "") add("kubernetes", SERVICE);
  for (const [path, kind] of FILES) if (read(path) !== undefined) add(kind, path);
  add(managerNamed(env["container"]), "container");
  for (const path of MANAGERS) add(managerNamed(read(path)), path);
  add(wslOf(read(RELEASE)), RELEASE);
  return found;
}

function managerNamed(text: string | undefined): Surroundings | undefined {
  switch (text?.trim()) {
    case "docker":
    case "podman":
    case "systemd-nspawn":
    case "lxc":
      return text.trim() as Surroundings;
    default:
      return undefined;
  }
}

/** `5.15.153.1-microsoft-standard-WSL2`; the first WSL, which has no Linux kernel, says `4.4.0-19041-Microsoft`. */
function wslOf(release = ""): Surroundings | undefined {
  if (!/microsoft/i.test(release)) return undefined;
  return /wsl2/i.test(release) || /microsoft-standard/.test(release) ? "wsl2" : "wsl1";
}

function readText(path: string): string | undefined {
  try {
    return existsSync(path) ? readFileSync(path, "utf8") : undefined;
  } catch {
    // It is there, and not for us.
    return "";
  }
}

const DOCKER = "--security-opt systempaths=unconfined --security-opt seccomp=unconfined";
const POD = "`procMount: Unmasked` and `seccompProfile: { type: Unconfined }`";

/** How to let sandboxes have namespaces and a /proc inside of these. */
export function containerRemedy(found: readonly FoundSurroundings[] = []): string {
  switch (found[0]?.kind) {
    case "docker":
    case "podman":
      return `Start this container with \`${found[0].kind} run ${DOCKER} …\`.`;
    case "kubernetes":
      return `Set ${POD} in the container's securityContext.`;
    case "systemd-nspawn":
      return "Run Bulkhead as root in this container, or outside of it.";
    case "lxc":
      return "Set `security.nesting=true` on this container (`lxc config set NAME security.nesting true`), or run Bulkhead outside of it.";
    case "wsl1":
      return "Convert the distribution to WSL 2: `wsl --set-version NAME 2` in Windows.";
    case "wsl2":
    case undefined:
      return `Start the outer container with \`${DOCKER}\` (Docker, Podman), or with ${POD} (Kubernetes); or run Bulkhead outside of it.`;
  }
}
