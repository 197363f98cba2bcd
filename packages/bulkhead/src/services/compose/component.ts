import { type Fields, isFields, type Left, type Surroundings } from "./left.js";
import { dependenciesOf, exposedPorts, listenOf, usesOf } from "./network.js";
import { argvOf, environmentOf, filesOf, secretsOf } from "./values.js";

const WHY: Readonly<Record<string, string>> = {
  privileged: "no component has privilege on the host",
  cap_add: "capabilities are none by default; add `capabilities` if the program really needs one",
  network_mode: "components share no network; declare `uses`",
  networks: "components share no network; a service uses the exposed ports of those that it depends on",
  links: "components share no network; declare `uses`",
  devices: "a sandbox has no devices of the host",
  pid: "a sandbox sees only its own processes",
  ipc: "a sandbox has its own IPC",
  security_opt: "the policy's own seccomp, Landlock and AppArmor are in force",
  build: "build the image first, and name it in `image`",
  deploy: "only resource limits are taken over",
  extends: "write the fields out",
  env_file: "write the variables into `env`",
  logging: "`logs` sets sizes; other drivers are not supported",
  container_name: "a component is known by its name in the file",
};
/** Without meaning here, or in force anyway. */
const SILENT: ReadonlySet<string> = new Set([
  "cap_drop",
  "init",
  "labels",
  "tty",
  "stdin_open",
  "pull_policy",
  "platform",
]);

/** One service of a Compose file as a component. */
export function componentOf(name: string, service: Fields, around: Surroundings, left: Left): Fields {
  const base = ["services", name];
  const taken = new Set<string>();
  const take = (field: string): unknown => {
    taken.add(field);
    return service[field];
  };
  const because = (field: string, why: string) => left.add([...base, field], why);
  const ports = exposedPorts(service);
  const entrypoint = argvOf(take("entrypoint"), (why) => because("entrypoint", why));
  const words = argvOf(take("command"), (why) => because("command", why));
  if (entrypoint === undefined && words !== undefined)
    because("command", "an entrypoint of the image is not run: name the whole program");
  const command = entrypoint === undefined ? words : [...entrypoint, ...(words ?? [])];
  const component = {
    image: text(take("image")),
    command,
    user: textOf(take("user")),
    workdir: text(take("working_dir")),
    hostname: text(take("hostname")),
    writable: take("read_only") === true ? undefined : true,
    env: environmentOf(take("environment"), (why) => because("environment", why)),
    files: filesOf(take("volumes"), take("tmpfs"), (why) => because("volumes", why)),
    secrets: secretsOf(take("secrets"), around.secrets, (why) => because("secrets", why)),
    resources: resourcesOf(take, service),
    listen: listenOf(take("ports"), (why) => because("ports", why)),
    provides: ports.length === 0 ? undefined : Object.fromEntries(ports.map((port) => [`p${port}`, { port }])),
    uses: usesOf(service, around),
    depends: dependenciesOf(take("depends_on"), around),
    ready: readyOf(take("healthcheck"), (why) => because("healthcheck", why)),
    restart: restartOf(take("restart")),
    stop: stopOf(take("stop_signal"), take("stop_grace_period")),
  };
  take("expose");
  for (const field of Object.keys(service)) {
    if (!taken.has(field) && !SILENT.has(field)) because(field, WHY[field] ?? "has no equivalent");
  }
  return Object.fromEntries(Object.entries(component).filter(([, value]) => value !== undefined));
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "number" ? String(value) : text(value);
}

function resourcesOf(take: (field: string) => unknown, service: Fields): Fields | undefined {
  const limits =
    isFields(service["deploy"]) && isFields(service["deploy"]["resources"])
      ? service["deploy"]["resources"]["limits"]
      : {};
  const deployed = isFields(limits) ? limits : {};
  if (Object.keys(deployed).length > 0) take("deploy");
  const number = (value: unknown) => (value === undefined || Number.isNaN(Number(value)) ? undefined : Number(value));
  const [memory, cpus, pids] = [
    take("mem_limit") ?? deployed["memory"],
    take("cpus") ?? deployed["cpus"],
    take("pids_limit") ?? deployed["pids"],
  ];
  const resources = { memory, cpus: number(cpus), pids: number(pids) };
  const given = Object.entries(resources).filter(([, value]) => value !== undefined);
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

function readyOf(healthcheck: unknown, refuse: (why: string) => void): Fields | undefined {
  if (!isFields(healthcheck) || healthcheck["disable"] === true) return undefined;
  const { test } = healthcheck;
  const [kind, ...words] = Array.isArray(test) ? test.map(String) : ["CMD-SHELL", String(test)];
  if (kind === "NONE") return undefined;
  if (kind === "CMD" && words.length > 0) return { command: words };
  if (kind === "CMD-SHELL" && words.length === 1) return { command: ["sh", "-c", ...words] };
  refuse("its test is not understood");
  return undefined;
}

function restartOf(restart: unknown): string | undefined {
  if (restart === "always" || restart === "unless-stopped") return "always";
  if (restart === "no" || restart === false) return "never";
  return undefined;
}

function stopOf(signal: unknown, grace: unknown): Fields | undefined {
  const stop = { ...(typeof signal === "string" ? { signal } : {}), ...(typeof grace === "string" ? { grace } : {}) };
  return Object.keys(stop).length === 0 ? undefined : stop;
}
