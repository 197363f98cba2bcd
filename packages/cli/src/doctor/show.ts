import { examineHost, reportHost } from "bulkhead/host";
import { defined } from "../defined.js";
import { styleFor } from "../output/style.js";
import { widthOf } from "../output/table.js";
import { finish, jsonLine, print } from "../output/write.js";
import type { DoctorFlags } from "./flags.js";
import { renderExamination } from "./render.js";

/** Prints what this machine can enforce. Throws SETUP_MISSING, BROKER_UNAVAILABLE. */
export async function showHost(flags: DoctorFlags): Promise<void> {
  const report = await reportHost({
    tryLevels: flags.reprobe === true ? "again" : true,
    ...defined({ broker: flags.broker }),
  });
  const examination = await examineHost(report);
  const text =
    flags.json === true
      ? jsonLine(examination)
      : `${renderExamination(examination, styleFor(process.stdout), widthOf(process.stdout))}\n`;
  await print(process.stdout, text);
  await finish(0);
}
