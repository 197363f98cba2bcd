import { Command } from "commander";
import type { DoctorFlags } from "../doctor/flags.js";

/** `bulkhead doctor`: the host report, with remedies. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description("show what this machine can enforce, what it lacks, and how to fix that")
    .option("--json", "print the host report as one JSON object")
    .option("--reprobe", "test runsc and the virtual machine monitors again, ignoring earlier results")
    .option("--broker <socket>", "ask the system broker at this socket")
    .action(async (flags: DoctorFlags) => {
      const { showHost } = await import("../doctor/show.js");
      await showHost(flags);
    });
}
