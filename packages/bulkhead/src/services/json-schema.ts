/** Service files as JSON Schema (2020-12), for editors. */
export async function serviceJsonSchema(): Promise<Readonly<Record<string, unknown>>> {
  // Loaded on demand: no program that runs a service needs it.
  const { renderServiceSchema } = await import("./render-json-schema.js");
  return renderServiceSchema();
}
