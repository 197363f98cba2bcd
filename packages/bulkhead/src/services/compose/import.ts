import { parseServiceText } from "../file/document.js";
import { componentOf } from "./component.js";
import { type Fields, isFields, Left, type NotTaken } from "./left.js";

export interface Imported {
  /** A service file, in YAML. */
  readonly text: string;
  /** What could not be taken over, and why. */
  readonly left: readonly NotTaken[];
}

/**
 * Translates a Compose file. Secure defaults win: ports are opened on 127.0.0.1 unless the file names an address, no
 * capability and no privilege is taken over, and a service reaches only the exposed ports of those that it depends on.
 * @throws BulkheadError SERVICE_SYNTAX
 */
export async function importCompose(text: string, path: string): Promise<Imported> {
  const { value } = await parseServiceText(text, path);
  const compose = isFields(value) ? value : {};
  const left = new Left();
  const services = isFields(compose["services"]) ? compose["services"] : {};
  for (const field of Object.keys(compose)) {
    if (!["services", "name", "version", "secrets", "volumes", "networks"].includes(field))
      left.add([field], "has no equivalent");
  }
  const names = namesOf(Object.keys(services));
  const components = Object.fromEntries(
    Object.entries(services).map(([name, service]) => [
      names.get(name) ?? name,
      componentOf(
        name,
        isFields(service) ? service : {},
        { services, names, secrets: fieldsOf(compose["secrets"]) },
        left,
      ),
    ]),
  );
  const { stringify } = await import("../../policy/yaml.js");
  const name = typeof compose["name"] === "string" ? nameOf(compose["name"]) : "imported";
  return { text: stringify({ name, components }, { lineWidth: 110 }), left: left.all };
}

/** A valid name for each, and none twice: the later of two would silently win. */
function namesOf(written: readonly string[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const one of written) {
    const base = nameOf(one);
    let name = base;
    for (let number = 2; taken.has(name); number++) name = `${base.slice(0, 28).replace(/-+$/, "")}-${number}`;
    taken.add(name);
    names.set(one, name);
  }
  return names;
}

/** A valid name: Compose also allows capitals, dots and underscores. */
function nameOf(name: string): string {
  const tidied = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "")
    .replace(/-+$/, "");
  return tidied.slice(0, 31).replace(/-+$/, "") || "component";
}

function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}
