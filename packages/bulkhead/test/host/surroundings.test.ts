import { describe, expect, it } from "vitest";
import { containerRemedy, surroundings } from "../../src/host/surroundings.js";

const KERNEL = "/proc/sys/kernel/osrelease";

function found(files: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}) {
  return surroundings({ env, read: (path) => files[path] }).map(({ kind, by }) => `${kind} ${by}`);
}

describe("the surroundings of this process", () => {
  it.each([
    ["an ordinary machine", { [KERNEL]: "6.12.9-amd64\n" }, {}, []],
    ["Docker", { "/.dockerenv": "" }, {}, ["docker /.dockerenv"]],
    ["Podman", { "/run/.containerenv": "" }, { container: "podman" }, ["podman /run/.containerenv"]],
    [
      "a pod",
      { "/.dockerenv": "" },
      { KUBERNETES_SERVICE_HOST: "10.0.0.1" },
      ["kubernetes KUBERNETES_SERVICE_HOST", "docker /.dockerenv"],
    ],
    [
      "systemd-nspawn",
      { "/run/host/container-manager": "systemd-nspawn\n" },
      {},
      ["systemd-nspawn /run/host/container-manager"],
    ],
    ["LXC", { "/run/systemd/container": "lxc" }, {}, ["lxc /run/systemd/container"]],
    ["a manager without a name here", { "/run/systemd/container": "other" }, { container: "other" }, []],
    ["WSL 2", { [KERNEL]: "5.15.153.1-microsoft-standard-WSL2\n" }, {}, [`wsl2 ${KERNEL}`]],
    ["WSL 1", { [KERNEL]: "4.4.0-19041-Microsoft\n" }, {}, [`wsl1 ${KERNEL}`]],
    [
      "Docker on WSL 2",
      { "/.dockerenv": "", [KERNEL]: "6.6.87.2-microsoft-standard-WSL2" },
      {},
      ["docker /.dockerenv", `wsl2 ${KERNEL}`],
    ],
  ] as const)("names %s", (_, files, env, expected) => {
    expect(found(files, env)).toEqual(expected);
  });

  it("gives each container one command, and names all where none is known", () => {
    expect(containerRemedy([{ kind: "podman", by: "" }])).toMatch(/^Start this container with `podman run /);
    expect(containerRemedy([{ kind: "kubernetes", by: "" }])).toContain("securityContext");
    expect(containerRemedy([{ kind: "lxc", by: "" }])).toContain("security.nesting");
    expect(containerRemedy([])).toMatch(/Docker, Podman.*Kubernetes/);
  });
});
