import { examineHost, reportHost } from "bulkhead";
import type { DoctorFlags } from "../commands/doctor.js";
import { styleFor } from "../output/style.js";
import { finish, print } from "../output/write.js";
import { renderExamination } from "./render.js";

/** Prints what this machine can enforce. Throws SETUP_MISSING, BROKER_UNAVAILABLE. */
export async function showHost(flags: DoctorFlags): Promise<void> {
  const report = await reportHost({
    tryLevels: flags.reprobe === true ? "again" : true,
    ...(flags.broker === undefined ? {} : { broker: flags.broker }),
  });
  const examination = await examineHost(report);
  const { columns, isTTY } = process.stdout;
  const text =
    flags.json === true
      ? JSON.stringify(examination)
      : renderExamination(examination, styleFor(process.stdout), isTTY ? columns : undefined);
  await print(process.stdout, `${text}\n`);
  await finish(0);
}
