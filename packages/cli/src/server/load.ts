import { BulkheadError } from "bulkhead";

/** The server, which is a package of its own: few installations need it, and it needs a newer Node. */
export async function loadServer(): Promise<typeof import("bulkhead-server")> {
  try {
    return await import("bulkhead-server");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ERR_MODULE_NOT_FOUND") {
      throw new BulkheadError("SERVER_NOT_INSTALLED", { cause });
    }
    throw cause;
  }
}
