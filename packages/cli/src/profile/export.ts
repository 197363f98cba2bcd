import { exportProfile } from "bulkhead/policy";
import { finish, jsonLine, print } from "../output/write.js";

/** Prints a built-in profile as an OCI seccomp profile. */
export async function printProfile(name: "default" | "strict", inOneLine: boolean): Promise<void> {
  await print(process.stdout, jsonLine(exportProfile(name), inOneLine ? undefined : 2));
  await finish(0);
}
