import { exportProfile } from "bulkhead";
import { finish, print } from "../output/write.js";

/** Prints a built-in profile as an OCI seccomp profile. */
export async function printProfile(name: "default" | "strict"): Promise<void> {
  await print(process.stdout, `${JSON.stringify(exportProfile(name), null, 2)}\n`);
  await finish(0);
}
