import { Command } from "commander";
import { finish, jsonLine, print } from "../output/write.js";
import { packageVersion } from "../package-version.js";

interface VersionFlags {
  readonly json?: boolean;
  readonly verify?: boolean;
  readonly key?: string;
}

/** `bulkhead version`. */
export function versionCommand(): Command {
  return new Command("version")
    .description("print the version, or verify the files of an installation")
    .option("--verify", "compare every installed file with the statement of the release; exits with 125 if one differs")
    .option("--key <file>", "with --verify: the release's public key, with which the statement must be signed")
    .option("--json", "print it as a JSON object")
    .action(async (flags: VersionFlags) => {
      if (flags.verify === true || flags.key !== undefined) {
        const { verifyFiles } = await import("../verify/installation.js");
        await verifyFiles(flags);
        return;
      }
      const version = packageVersion();
      const text =
        flags.json === true
          ? jsonLine({ version, node: process.version, arch: process.arch })
          : `bulkhead ${version}\n`;
      await print(process.stdout, text);
      await finish(0);
    });
}
