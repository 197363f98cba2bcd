import { readdirSync } from "node:fs";
import { join } from "node:path";
import { formatEnvelope, signStatement } from "../../packages/bulkhead/src/record/envelope.js";
import { openRecordKey } from "../../packages/bulkhead/src/record/key.js";
import type { ReleaseStatement } from "../../packages/bulkhead/src/record/release.js";
import { root } from "../bundles.mjs";
import { json, packedFile } from "./files.js";

/** Who made the files of the packages (by name) from what. Nothing in it differs from build to build. */
export function releaseStatement(
  packages: Readonly<Record<string, string>>,
  parameters: Readonly<Record<string, unknown>>,
): ReleaseStatement {
  const subject = Object.entries(packages).flatMap(([name, directory]) =>
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => ({ name: `${name}${path.slice(directory.length)}`, digest: digestOf(path) })),
  );
  return statementOf(subject, parameters);
}

/** The same of single files. */
export function statementOf(
  subject: ReleaseStatement["subject"],
  parameters: Readonly<Record<string, unknown>>,
): ReleaseStatement {
  const locks = ["package-lock.json", "warden/Cargo.lock"];
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject,
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {
      buildDefinition: {
        buildType: "urn:bulkhead:scripts/pack",
        externalParameters: parameters,
        resolvedDependencies: locks.map((uri) => ({ uri, digest: digestOf(join(root, uri)) })),
      },
      runDetails: { builder: { id: "urn:bulkhead:scripts/pack" } },
    },
  };
}

/** The statement as a file: signed if BULKHEAD_RELEASE_KEY names an ed25519 key that only this user can read. */
export function statementFile(statement: ReleaseStatement): string {
  const key = process.env["BULKHEAD_RELEASE_KEY"] ?? "";
  return key === "" ? json(statement) : formatEnvelope(signStatement(statement, openRecordKey(key)));
}

function digestOf(path: string): { readonly sha256: string } {
  return { sha256: packedFile(path).sha256 };
}
