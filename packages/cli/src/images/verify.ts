import { BulkheadError, loadPolicy, printable } from "bulkhead";
import { images, type VerifyRules } from "bulkhead/images";
import { finish, jsonLine, print } from "../output/write.js";
import type { VerifyFlags } from "./flags.js";
import { registryOptions } from "./flags.js";

/** Prints who signed an image; fails for an unsigned one. */
export async function verifyImage(name: string, flags: VerifyFlags): Promise<void> {
  const verified = await images.verify(name, await rulesFrom(flags), { registry: registryOptions(flags) });
  const { signedBy } = verified;
  const by =
    signedBy === null
      ? "the policy accepts it unsigned"
      : `signed by ${signedBy.kind === "key" ? signedBy.key : signedBy.identity}`;
  const line = `${verified.name}@${verified.digest}: ${printable(by)}\n`;
  await print(process.stdout, flags.json === true ? jsonLine(verified) : line);
  await finish(0);
}

/** Exactly one way to say who must have signed. Throws USAGE. */
export async function rulesFrom(flags: VerifyFlags): Promise<VerifyRules> {
  const { verifyKey, identity, issuer, trustedRoot, policy } = flags;
  const keyless = [identity, issuer, trustedRoot].filter((value) => value !== undefined).length;
  if ([verifyKey !== undefined, keyless > 0, policy !== undefined].filter(Boolean).length !== 1) {
    throw usage("give --verify-key, or --identity with --issuer and --trusted-root, or --policy");
  }
  if (verifyKey !== undefined) return [{ match: "*", key: [...verifyKey] }];
  if (policy !== undefined) return (await loadPolicy(policy)).images?.verify ?? [];
  if (identity === undefined || issuer === undefined || trustedRoot === undefined) {
    throw usage("give --identity, --issuer and --trusted-root together");
  }
  return [{ match: "*", keyless: { identity, issuer, trustedRoot } }];
}

function usage(detail: string): BulkheadError {
  return new BulkheadError("USAGE", { detail });
}
