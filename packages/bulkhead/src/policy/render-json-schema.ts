// By name and in a module of its own: importing the package as a whole at run time would put all of it, every language's
// messages included, in the bundle that each start reads.
import { toJSONSchema } from "zod/mini";
import { policySchema } from "./schema.js";

export function renderJsonSchema(): Readonly<Record<string, unknown>> {
  return { title: "Bulkhead policy", ...toJSONSchema(policySchema(), { io: "input" }) };
}
