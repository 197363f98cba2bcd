/**
 * The policy as JSON Schema (2020-12), for editors and other languages; also in the package as `policy.schema.json`.
 */
export async function policyJsonSchema(): Promise<Readonly<Record<string, unknown>>> {
  // Loaded on demand: no program that runs a sandbox needs it.
  const { renderJsonSchema } = await import("./render-json-schema.js");
  return renderJsonSchema();
}
