import * as z from "zod/mini";
import { suggest } from "../../arguments/suggest.js";
import { withAbsolutePaths } from "../../policy/absolute-paths.js";
import { inconsistencies } from "../../policy/consistency.js";
import { problemsOf } from "../../policy/problems.js";
import { resolvePolicy } from "../../policy/resolve.js";
import type { ResolvedPolicy } from "../../policy/resolved.js";
import { chooseRoot } from "../../policy/root-choice.js";
import { checkPolicy, FIELD_NAMES, type Policy } from "../../policy/schema.js";
import type { Problems } from "./problems.js";
import { type CheckedComponent, componentFields, MOST_COMPONENTS, secretFile, serviceFields } from "./schema.js";

type Fields = Readonly<Record<string, unknown>>;

/** A component whose fields are each valid. */
export interface ReadComponent {
  readonly name: string;
  readonly own: CheckedComponent;
  readonly policy: Policy;
  readonly resolved: ResolvedPolicy;
  /** Host files that the component reads as secrets, by name; relative to the file's directory. */
  readonly secretFiles: ReadonlyMap<string, string>;
  /** Entries of `files` that say `shared: true`. */
  readonly shared: ReadonlySet<number>;
}

export interface ReadService {
  readonly name: string;
  readonly level: z.output<ReturnType<typeof serviceFields>["level"]>;
  /** The valid ones. */
  readonly components: readonly ReadComponent[];
  /** Names of all, so that a reference to an invalid one is no second problem. */
  readonly names: ReadonlySet<string>;
}

const OWN_FIELDS = Object.keys(componentFields());

/** Checks every field of a file alone. Returns what is valid; the problems are in `problems`. */
export function readService(value: unknown, directory: string, problems: Problems): ReadService | undefined {
  const whole = z.strictObject(serviceFields()).safeParse(value);
  if (!whole.success) {
    const known = Object.keys(serviceFields());
    for (const issue of whole.error.issues) {
      if (issue.code === "unrecognized_keys") {
        for (const key of issue.keys) problems.add([...issue.path, key], `no such field${meant(key, known)}`);
      } else problems.addAll([], problemsOf([issue], undefined));
    }
  }
  const fields = isFields(value) ? value : {};
  const written = isFields(fields["components"]) ? Object.entries(fields["components"]) : [];
  if (whole.success && written.length === 0) problems.add(["components"], "must have at least one component");
  if (written.length > MOST_COMPONENTS) {
    problems.add(["components"], `must have at most ${MOST_COMPONENTS} components`);
    return undefined;
  }
  const components = written.flatMap(([name, component]) =>
    isFields(component) ? (readComponent(name, component, directory, problems) ?? []) : [],
  );
  const names = new Set(written.map(([name]) => name));
  return whole.success
    ? { name: whole.data.name, level: whole.data.level, components, names }
    : { name: "", level: undefined, components, names };
}

function readComponent(name: string, fields: Fields, directory: string, problems: Problems): ReadComponent | undefined {
  const base = ["components", name];
  const isOwn = (field: string) => OWN_FIELDS.includes(field);
  const isPolicy = (field: string) => (FIELD_NAMES as readonly string[]).includes(field);
  for (const field of Object.keys(fields)) {
    if (isOwn(field) || isPolicy(field)) continue;
    problems.add([...base, field], `no such field${meant(field, [...OWN_FIELDS, ...FIELD_NAMES])}`);
  }
  const own = z.strictObject(componentFields()).safeParse(only(fields, isOwn));
  if (!own.success) problems.addAll(base, problemsOf(own.error.issues, undefined));
  const { files, shared } = withoutShared(fields["files"], base, problems);
  const { secrets, secretFiles } = splitSecrets(fields["secrets"], base, problems);
  const rest = only({ ...fields, files, secrets }, isPolicy);
  const policy = withAbsolutePaths(rest, directory) as Policy;
  const resolved = resolve(policy, directory, base, problems);
  if (!own.success || resolved === undefined) return undefined;
  return { name, own: own.data, policy, resolved, secretFiles, shared };
}

/** As `parsePolicy` does, with the problems at their places in this file. */
function resolve(
  policy: Policy,
  directory: string,
  base: readonly string[],
  problems: Problems,
): ResolvedPolicy | undefined {
  const checked = checkPolicy(policy);
  if (!checked.success) {
    problems.addAll(base, problemsOf(checked.error.issues, policy));
    return undefined;
  }
  const root = chooseRoot(checked.data, directory);
  const found = [...("message" in root ? [root] : []), ...inconsistencies(checked.data)];
  problems.addAll(base, found);
  return "message" in root || found.length > 0 ? undefined : resolvePolicy(checked.data, root, directory);
}

/** `shared: true` of an entry is about several components, so no policy has it. */
function withoutShared(files: unknown, base: readonly string[], problems: Problems) {
  const shared = new Set<number>();
  if (!Array.isArray(files)) return { files, shared };
  const entries = files.map((entry: unknown, index) => {
    if (!isFields(entry) || entry["shared"] === undefined) return entry;
    const { shared: said, ...others } = entry;
    if (typeof said !== "boolean") problems.add([...base, "files", index, "shared"], "must be true or false");
    else if (others["host"] === undefined) problems.add([...base, "files", index, "shared"], "is for host paths only");
    else if (said) shared.add(index);
    return others;
  });
  return { files: entries, shared };
}

/** A secret without `hosts` is a file that the component reads; with `hosts`, the policy's own kind. */
function splitSecrets(secrets: unknown, base: readonly string[], problems: Problems) {
  const secretFiles = new Map<string, string>();
  if (!isFields(secrets)) return { secrets, secretFiles };
  const others: Record<string, unknown> = {};
  for (const [name, secret] of Object.entries(secrets)) {
    if (!isFields(secret) || secret["hosts"] !== undefined) {
      others[name] = secret;
      continue;
    }
    const at = [...base, "secrets", name];
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name))
      problems.add(at, "its name must be that of an environment variable");
    const checked = secretFile().safeParse(secret);
    if (checked.success) secretFiles.set(name, checked.data.file);
    else problems.add(at, "must be { file } for a file inside, or { hosts, env | file | value } for requests to hosts");
  }
  return { secrets: Object.keys(others).length === 0 ? undefined : others, secretFiles };
}

function only(fields: Fields, wanted: (name: string) => boolean): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name, value]) => wanted(name) && value !== undefined));
}

function meant(wrong: string, names: readonly string[]): string {
  const name = suggest(wrong, names);
  return name === undefined ? "" : ` (did you mean ${name}?)`;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
