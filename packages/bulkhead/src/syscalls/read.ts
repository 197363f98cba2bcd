import { readGivenFile, type Unreadable } from "../arguments/given-file.js";
import { invalid } from "./invalid.js";
import { checkOciProfile, type OciProfile, readOciProfile } from "./oci.js";

/** Docker's default profile has 14 KiB. */
const LARGEST = 256 * 1024;

/** Reads the profile that a policy names. Throws PROFILE_INVALID. */
export async function loadOciProfile(path: string): Promise<OciProfile> {
  const refuse = ({ operation, detail, cause }: Unreadable) =>
    invalid(path, [detail ?? (cause instanceof Error ? cause.message : operation)]);
  const text = (await readGivenFile(path, LARGEST, refuse)).toString("utf8").replace(/^\uFEFF/, "");
  // Profiles are JSON, but Kubernetes resources are mostly YAML.
  if (/^\s*[#a-zA-Z%-]/.test(text)) return checkOciProfile(await parseYaml(text, path), path);
  return readOciProfile(text, path);
}

async function parseYaml(text: string, path: string): Promise<unknown> {
  const { parse } = await import("./yaml.js");
  try {
    return parse(text);
  } catch (error) {
    throw invalid(path, [`neither JSON nor YAML: ${error instanceof Error ? error.message : String(error)}`]);
  }
}
