import * as z from "zod/mini";
import { toJSONSchema } from "zod/mini";
import { policySchema } from "../policy/schema.js";
import { componentFields, secretFile, serviceFields } from "./file/schema.js";

/** One schema for a whole file: a component has its own fields and those of a policy. */
export function renderServiceSchema(): Readonly<Record<string, unknown>> {
  const { secrets: _, files: __, ...policy } = policySchema().shape;
  const { components: ___, ...fields } = serviceFields();
  const component = z.strictObject({
    ...policy,
    ...componentFields(),
    secrets: z.optional(z.record(z.string(), z.union([secretFile(), z.record(z.string(), z.unknown())]))),
    files: z.optional(z.array(z.record(z.string(), z.unknown()))),
  });
  const schema = toJSONSchema(z.strictObject({ ...fields, components: z.record(z.string(), component) }), {
    io: "input",
  });
  return { title: "Bulkhead service", ...schema };
}
