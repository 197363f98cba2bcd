/**
 * The plan as JSON Schema (2020-12), for programs that read what `bulkhead explain --plan` prints; also in the package
 * as `plan.schema.json`. It describes the shape: ranges, and what must fit together, the warden alone judges.
 */
export async function planJsonSchema(): Promise<Readonly<Record<string, unknown>>> {
  // Loaded only here: nobody who runs a sandbox needs it.
  const { planSchema } = await import("../contract/generated/plan-schema.js");
  return planSchema;
}
