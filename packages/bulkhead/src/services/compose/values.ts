import { type Fields, isFields } from "./left.js";

type Refuse = (why: string) => void;

/** A list of words; Compose splits a string as a shell would. */
export function argvOf(value: unknown, refuse: Refuse): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) return value.map(String);
  const text = String(value);
  if (/["'\\$`|&;<>()]/.test(text)) {
    refuse("it needs a shell's quoting: write it as a list");
    return undefined;
  }
  return text.split(/\s+/).filter(Boolean);
}

export function environmentOf(value: unknown, refuse: Refuse): Fields | undefined {
  const pairs: readonly (readonly [string, unknown])[] = Array.isArray(value)
    ? value.map(String).map((entry) => {
        const at = entry.indexOf("=");
        return at < 0 ? [entry, null] : [entry.slice(0, at), entry.slice(at + 1)];
      })
    : isFields(value)
      ? Object.entries(value)
      : [];
  const env = pairs.flatMap(([name, content]) => {
    if (content !== null && content !== undefined && !String(content).includes("${"))
      return [[name, String(content)] as const];
    refuse(`${name} comes from the caller's environment, of which nothing is passed on: write its value`);
    return [];
  });
  return env.length === 0 ? undefined : Object.fromEntries(env);
}

/** Host paths and in-memory directories. A named volume has no equivalent. */
export function filesOf(volumes: unknown, tmpfs: unknown, refuse: Refuse): readonly Fields[] | undefined {
  const mounts = (Array.isArray(volumes) ? volumes : []).flatMap((volume: unknown) => fileOf(volume, refuse));
  const memory = (Array.isArray(tmpfs) ? tmpfs : tmpfs === undefined ? [] : [tmpfs]).map((at: unknown) => ({
    tmpfs: String(at).split(":")[0],
  }));
  const files = [...mounts, ...memory];
  return files.length === 0 ? undefined : files;
}

function fileOf(volume: unknown, refuse: Refuse): readonly Fields[] {
  const { type, source, target, readOnly } = isFields(volume)
    ? {
        type: volume["type"],
        source: volume["source"],
        target: volume["target"],
        readOnly: volume["read_only"] === true,
      }
    : shortVolume(String(volume));
  if (type === "tmpfs") return [{ tmpfs: target }];
  if (typeof source !== "string" || !/^[./~]/.test(source) || typeof target !== "string") {
    refuse(`${String(source)} is a named volume: name a directory of the host instead`);
    return [];
  }
  if (source.startsWith("~")) {
    refuse(`${source} is relative to a home directory: write the whole path`);
    return [];
  }
  if (/docker\.sock/.test(source)) {
    refuse("the Docker socket makes a component root of the host");
    return [];
  }
  return [{ host: source, at: target, ...(readOnly ? {} : { mode: "rw" }) }];
}

function shortVolume(text: string) {
  const [source, target, options = ""] = text.split(":");
  return { type: "bind", source, target, readOnly: options.split(",").includes("ro") };
}

/** Secrets from files. */
export function secretsOf(value: unknown, declared: Fields, refuse: Refuse): Fields | undefined {
  const secrets = (Array.isArray(value) ? value : []).flatMap((secret: unknown) => {
    const name = String(isFields(secret) ? secret["source"] : secret);
    const source = declared[name];
    const file = isFields(source) ? source["file"] : undefined;
    if (typeof file === "string" && file.startsWith("~")) {
      refuse(`${file} is relative to a home directory: write the whole path`);
      return [];
    }
    if (typeof file === "string" && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return [[name, { file }] as const];
    refuse(`${name} is not a file, or its name cannot be that of a variable`);
    return [];
  });
  return secrets.length === 0 ? undefined : Object.fromEntries(secrets);
}
