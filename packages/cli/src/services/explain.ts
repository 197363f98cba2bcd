import { type Explanation, explain } from "bulkhead";
import { type ChannelSpec, type ComponentSpec, Service, serviceJsonSchema } from "bulkhead/services";
import { defined } from "../defined.js";
import { EXIT } from "../exit-codes.js";
import { imageOptions } from "../images/flags.js";
import { styleFor } from "../output/style.js";
import { widthOf, wrap } from "../output/table.js";
import { finish, jsonLine, print } from "../output/write.js";
import type { UpFlags } from "./flags.js";

/** Shows each component's wall on this host; exits with 125 if one would be refused. */
export async function explainService(flags: UpFlags): Promise<void> {
  const service = await Service.load(flags.file);
  const options = { images: imageOptions(flags, () => undefined), ...defined({ broker: flags.broker }) };
  const explained: { readonly component: ComponentSpec; readonly explanation: Explanation }[] = [];
  for (const component of service.spec.components) {
    explained.push({ component, explanation: await explain(component.policy, options) });
  }
  const { channels } = service.spec;
  if (flags.json === true) {
    const components = explained.map(({ component, explanation }) => ({
      name: component.name,
      level: explanation.level,
      weakPoint: explanation.enforcement.weakPoint,
      protections: explanation.enforcement.protections,
      unmet: explanation.unmet,
      reachedBy: channels.filter(({ provider }) => provider === component.name),
      reaches: channels.filter(({ consumer }) => consumer === component.name),
      listen: component.listen,
    }));
    await print(process.stdout, jsonLine({ service: service.name, components }));
  } else {
    const parts = explained.map(({ component, explanation }) => describe(component, explanation, channels));
    await print(process.stdout, `${parts.join("\n\n")}\n`);
  }
  await finish(explained.every(({ explanation }) => explanation.unmet.length === 0) ? 0 : EXIT.bulkhead);
}

export async function printSchema(): Promise<void> {
  await print(process.stdout, jsonLine(await serviceJsonSchema(), 2));
  await finish(0);
}

function describe(
  { name, listen, after }: ComponentSpec,
  { level, enforcement, unmet }: Explanation,
  channels: readonly ChannelSpec[],
): string {
  const style = styleFor(process.stdout);
  const enforced = enforcement.protections.filter(({ status }) => status === "enforced").length;
  const reachedBy = [
    ...channels
      .filter(({ provider }) => provider === name)
      .map(
        ({ consumer, offer, identify }) =>
          `${consumer} by ${offer}${identify === "none" ? "" : ", which names its caller"}`,
      ),
    ...listen.map(({ address, port }) => `whoever can connect to ${address}:${port} on this host`),
  ];
  const reaches = channels
    .filter(({ consumer }) => consumer === name)
    .map(({ provider, offer, inside }) => {
      const tcp = inside.tcp === null ? "" : ` and ${inside.tcp.address}:${inside.tcp.port}`;
      return `${provider}.${offer} at ${inside.socket}${tcp}`;
    });
  const lines = [
    `${style.strong(name)}, level ${style.strong(level)}: ${enforced} of ${enforcement.protections.length} protections enforced`,
    `  weak point: ${enforcement.weakPoint}`,
    `  reached by: ${reachedBy.join("; ") || "nothing"}`,
    `  reaches: ${reaches.join("; ") || "nothing"}`,
    `  starts after: ${after.join(", ") || "nothing"}`,
    ...(unmet.length === 0
      ? []
      : [style.bad(`  refused: ${unmet.map(({ protection }) => protection).join(", ")} would not be enforced`)]),
  ];
  const width = widthOf(process.stdout) ?? Number.POSITIVE_INFINITY;
  return lines
    .map((line) => `${line.startsWith(" ") ? "  " : ""}${wrap(line.trimStart(), width - 4).join("\n    ")}`)
    .join("\n");
}
