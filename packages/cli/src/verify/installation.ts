import { BulkheadError, printableLine } from "bulkhead";
import { type InstallationProblem, verifyInstallation } from "bulkhead/record";
import { finish, jsonLine, print } from "../output/write.js";
import { packageVersion } from "../package-version.js";

/** Named in the error; `--json` prints all of them. */
const MOST_NAMED = 10;

/** Throws INSTALLATION_ALTERED if a file is not the release's. */
export async function verifyFiles({ key, json }: { readonly key?: string; readonly json?: boolean }): Promise<void> {
  const { files, signedBy, problems } = verifyInstallation(key);
  if (problems.length > 0) {
    throw new BulkheadError("INSTALLATION_ALTERED", { operation: "verify", detail: listOf(problems) });
  }
  const version = packageVersion();
  const vouched =
    signedBy === null
      ? "no signature was checked: give the release's public key with --key"
      : `signed by ${signedBy.slice(0, 16)}`;
  const text = `${files} files are those of bulkhead ${version}; ${vouched}\n`;
  await print(process.stdout, json === true ? jsonLine({ version, files, signedBy }) : text);
  await finish(0);
}

function listOf(problems: readonly InstallationProblem[]): string {
  const named = problems.slice(0, MOST_NAMED).map(({ path, problem }) => `${printableLine(path)} (${problem})`);
  const more = problems.length - named.length;
  return [...named, ...(more > 0 ? [`${more} more`] : [])].join(", ");
}
