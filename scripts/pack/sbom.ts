import { createHash } from "node:crypto";
import type { Part } from "./licences.js";

/**
 * The parts list of what is shipped, as CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/): npm packages that the
 * bundles include, crates that the programs are linked from, and Debian's busybox. Its serial number comes from its
 * content and it has no time, so that two builds give the same bytes.
 */
export function sbomOf(version: string, parts: readonly Part[]) {
  // Platforms share their crates.
  const unique = new Map(parts.map(componentOf).map((component) => [component["bom-ref"], component]));
  const components = [...unique.values()].sort((one, other) => (one["bom-ref"] < other["bom-ref"] ? -1 : 1));
  const digest = createHash("sha256")
    .update(JSON.stringify([version, components]))
    .digest("hex");
  const ref = `pkg:npm/bulkhead@${version}`;
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    // A version 8 UUID: its bits are the maker's own.
    serialNumber: `urn:uuid:${digest.slice(0, 8)}-${digest.slice(8, 12)}-8${digest.slice(13, 16)}-8${digest.slice(17, 20)}-${digest.slice(20, 32)}`,
    version: 1,
    metadata: {
      component: {
        "bom-ref": ref,
        type: "application",
        name: "bulkhead",
        version,
        purl: ref,
        licenses: [{ expression: "Apache-2.0" }],
      },
    },
    components,
    dependencies: [{ ref, dependsOn: components.map((each) => each["bom-ref"]) }],
  };
}

function componentOf({ ecosystem, name, version, licence, architecture }: Part) {
  const purl = purlOf(ecosystem, name, version, architecture);
  // Some crates still write the older form of "or".
  const expression = licence.replaceAll("/", " OR ");
  const [group, short] = name.startsWith("@") ? name.split("/") : [undefined, name];
  return {
    "bom-ref": purl,
    type: "library",
    ...(group === undefined ? {} : { group }),
    name: short ?? name,
    version,
    purl,
    licenses: [{ expression }],
  };
}

function purlOf(ecosystem: Part["ecosystem"], name: string, version: string, architecture = "all"): string {
  switch (ecosystem) {
    case "npm":
      return `pkg:npm/${name.replace("@", "%40")}@${encodeURIComponent(version)}`;
    case "cargo":
      return `pkg:cargo/${name}@${encodeURIComponent(version)}`;
    case "generic":
      return `pkg:generic/${name}@${encodeURIComponent(version)}`;
    case "deb":
      return `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}`;
  }
}
