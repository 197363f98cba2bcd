// The gate's process: it alone parses everything from the sandbox and from hosts outside.

import { BulkheadError } from "../../errors/bulkhead-error.js";
import { FIRST_EXTRA, serve } from "../../helpers/inside.js";
import type { NetworkRules } from "../../policy/network/types.js";
import { Session } from "./session.js";
import type { Start } from "./start.js";

serve((library) => {
  let session: Session | undefined;
  const current = (): Session => {
    if (session === undefined) throw new BulkheadError("HELPER_FAILED", { operation: "gate", detail: "not started" });
    return session;
  };
  return {
    start: async (value) => {
      const ask = async (method: string, said: unknown) => (await library.call(method, said)).value;
      session = await Session.start(FIRST_EXTRA, value as Start, ask);
      return { value: session.started };
    },
    listening: async () => ({ value: await current().listening() }),
    change: async (value) => ({ value: current().change(value as NetworkRules) }),
    flush: async () => ({ value: await current().flush() }),
    finish: async () => ({ value: await current().finish() }),
  };
});
