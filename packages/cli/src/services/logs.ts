import { printableLine } from "bulkhead";
import type { OutputEvent } from "bulkhead/services";
import { Interrupted } from "../interrupted.js";
import { styleFor } from "../output/style.js";
import { finish, jsonLine, print } from "../output/write.js";
import { ask, askOnce } from "./control/client.js";
import { Display } from "./display.js";
import type { LogsFlags } from "./flags.js";
import { nameOf } from "./manage.js";

/** Prints the last output of components, and with `--follow` what comes. */
export async function showServiceLogs(components: readonly string[], flags: LogsFlags): Promise<void> {
  const name = await nameOf(flags);
  const status = await askOnce(name, { op: "status" });
  const names = (status["components"] as readonly { readonly name: string }[]).map((one) => one.name);
  const style = styleFor(process.stdout);
  const display = new Display(names, { json: false, style, colour: style.strong("") !== "" });
  const gone = new Promise<never>((_, reject) => {
    process.stdout.on("error", () => reject(new Interrupted("SIGPIPE")));
  });
  const read = async () => {
    for await (const answer of ask(name, { op: "logs", components, follow: flags.follow === true })) {
      const { component, text } = answer as unknown as OutputEvent;
      const line =
        flags.json === true ? jsonLine(answer) : `${display.line(printableLine(component), printableLine(text))}\n`;
      await print(process.stdout, line);
    }
  };
  await Promise.race([read(), gone]);
  await finish(0);
}
