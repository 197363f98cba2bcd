import { Command } from "commander";
import { EXAMPLES } from "../help.js";
import type { AuditFlags, ServeFlags } from "../server/flags.js";

/** `bulkhead serve`: Bulkhead over HTTP, for several tenants. */
export function serveCommand(): Command {
  return new Command("serve")
    .description("serve the HTTP API, in the foreground")
    .option("--listen <address:port>", "listen here; port 0 lets the kernel choose", "127.0.0.1:8420")
    .option("--state <directory>", "keep the state here (default: bulkhead/server below $XDG_STATE_HOME)")
    .option("--templates <directory>", "offer the policies NAME.yaml of this directory as templates")
    .option("--host <name>", "answer requests for this host name too (repeatable)", collect)
    .option("--tls-cert <file>", "serve TLS with this certificate chain")
    .option("--tls-key <file>", "its private key")
    .option("--behind-proxy", "a proxy in front adds TLS, and X-Forwarded-For")
    .option("--new-token", "make a new token of the operator")
    .option("--token-file <file>", "write the operator's token to this new file (default: operator-token in the state)")
    .option("--keep <days>", "keep ended rows and lines of the audit log for this long, or `forever`", "90")
    .option("--drain <seconds>", "at SIGTERM, let requests in progress finish for this long", "30")
    .option("--json", "print the URL and the token's file as one JSON object")
    .addHelpText("after", EXAMPLES.server)
    .action(async (flags: ServeFlags) => {
      const { serve } = await import("../server/serve.js");
      await serve(flags);
    });
}

/** `bulkhead audit`: the log of what tenants of the server did. */
export function auditCommand(): Command {
  const verify = new Command("verify")
    .description("check every line of a server's audit log; exit 1 and name the first line that was changed")
    .option("--state <directory>", "the server's state (default: bulkhead/server below $XDG_STATE_HOME)")
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLES.server)
    .action(async (flags: AuditFlags) => {
      const { verifyAudit } = await import("../server/audit.js");
      await verifyAudit(flags);
    });
  return new Command("audit")
    .description("check the audit log of a server")
    .addHelpText("after", EXAMPLES.server)
    .addCommand(verify);
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
