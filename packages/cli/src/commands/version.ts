import { Command } from "commander";
import { finish, jsonLine, print } from "../output/write.js";
import { packageVersion } from "../package-version.js";

/** `bulkhead version`. */
export function versionCommand(): Command {
  return new Command("version")
    .description("print the version")
    .option("--json", "print it as a JSON object")
    .action(async ({ json }: { readonly json?: boolean }) => {
      const version = packageVersion();
      const text =
        json === true ? jsonLine({ version, node: process.version, arch: process.arch }) : `bulkhead ${version}\n`;
      await print(process.stdout, text);
      await finish(0);
    });
}
