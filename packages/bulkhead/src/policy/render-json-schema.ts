// Imported by name and in a separate module: importing the whole package at run time would put all of it, including
// every language's messages, into the bundle that each start reads.
import { toJSONSchema } from "zod/mini";
import { policySchema } from "./schema.js";

export function renderJsonSchema(): Readonly<Record<string, unknown>> {
  return { title: "Bulkhead policy", ...toJSONSchema(policySchema(), { io: "input" }) };
}
