import { promises } from "node:fs";
import { invalid } from "./invalid.js";
import { checkOciProfile, type OciProfile, readOciProfile } from "./oci.js";

/** Docker's default profile has 14 KiB. */
const LARGEST = 256 * 1024;

/** Reads the profile that a policy names. Throws PROFILE_INVALID. */
export async function loadOciProfile(path: string): Promise<OciProfile> {
  let text: string;
  try {
    await using file = await promises.open(path, "r");
    if (!(await file.stat()).isFile()) throw invalid(path, ["not a regular file"]);
    const buffer = Buffer.alloc(LARGEST + 1);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    if (bytesRead > LARGEST) throw invalid(path, [`larger than ${LARGEST} bytes`]);
    text = buffer.toString("utf8", 0, bytesRead).replace(/^\uFEFF/, "");
  } catch (error) {
    throw error instanceof Error && "errno" in error && typeof error.errno === "number"
      ? invalid(path, [error.message])
      : error;
  }
  // Profiles are JSON, and resources of Kubernetes mostly YAML.
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
