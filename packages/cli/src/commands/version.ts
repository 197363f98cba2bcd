import { Command } from "commander";
import { finish, print } from "../output/write.js";
import { packageVersion } from "../package-version.js";

/** `bulkhead version`. */
export function versionCommand(): Command {
  return new Command("version")
    .description("print the version")
    .option("--json", "print it as a JSON object")
    .action(async ({ json }: { readonly json?: boolean }) => {
      const version = packageVersion();
      const text =
        json === true ? JSON.stringify({ version, node: process.version, arch: process.arch }) : `bulkhead ${version}`;
      await print(process.stdout, `${text}\n`);
      await finish(0);
    });
}
