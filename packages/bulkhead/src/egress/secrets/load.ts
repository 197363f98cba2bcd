import { randomBytes } from "node:crypto";
import { readGivenFile, type Unreadable } from "../../arguments/given-file.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Secret, SecretHost } from "../../policy/network/types.js";
import { defined } from "../../values/defined.js";

/** A secret with its value. It is never passed to code that logs, throws or compiles plans. */
export interface LoadedSecret {
  readonly name: string;
  /** The value that the sandbox sees. */
  readonly placeholder: string;
  readonly value: string;
  readonly hosts: readonly SecretHost[];
  readonly header: string | null;
}

const LARGEST = 8 * 1024;
/** Shorter ones would be found everywhere in unrelated answers. */
const SHORTEST = 8;

/** Reads the values of secrets. @throws BulkheadError SECRET_UNAVAILABLE, which never contains a part of one */
export async function loadSecrets(secrets: readonly Secret[]): Promise<readonly LoadedSecret[]> {
  return await Promise.all(
    secrets.map(async (secret) => ({
      name: secret.name,
      placeholder: `bulkhead-${randomBytes(16).toString("hex")}`,
      value: checked(await readValue(secret), secret),
      hosts: secret.hosts,
      header: secret.header,
    })),
  );
}

async function readValue({ name, source }: Secret): Promise<string> {
  switch (source.kind) {
    case "value":
      return source.value;
    case "env": {
      const value = process.env[source.variable];
      if (value === undefined) throw unavailable(name, `there is no variable ${source.variable}`);
      return value;
    }
    case "file":
      return (await readGivenFile(source.path, LARGEST + 2, (why) => unreadable(name, source.path, why)))
        .toString("utf8")
        .replace(/\r?\n$/, "");
  }
}

/** A header cannot contain every character. */
function checked(value: string, { name }: Secret): string {
  if (value.length < SHORTEST || value.length > LARGEST)
    throw unavailable(name, `it must have ${SHORTEST} to ${LARGEST} characters`);
  if (!/^[\u0021-\u007e]([\u0020-\u007e]*[\u0021-\u007e])?$/.test(value))
    throw unavailable(name, "it holds what no header can");
  return value;
}

function unreadable(name: string, path: string, { operation, errno, detail }: Unreadable): BulkheadError {
  const said = detail === undefined ? name : `${name}: ${detail}`;
  return new BulkheadError("SECRET_UNAVAILABLE", {
    operation,
    path,
    detail: said,
    ...defined({ errno }),
  });
}

function unavailable(name: string, why: string): BulkheadError {
  return new BulkheadError("SECRET_UNAVAILABLE", { detail: `${name}: ${why}` });
}
