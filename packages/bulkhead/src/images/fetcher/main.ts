import { BulkheadError } from "../../errors/bulkhead-error.js";
import { serve } from "../../helpers/inside.js";
import type { Answered, Peer } from "../../helpers/peer.js";
import { RegistryClient } from "../registry/client.js";
import { deliver } from "../registry/deliver.js";
import type { Local } from "../registry/local.js";
import type { RegistryTiming } from "../registry/settings.js";
import {
  blobSchema,
  certificatesSchema,
  credentialsSchema,
  documentSchema,
  manifestSchema,
  openSchema,
  referrersSchema,
  rootsSchema,
} from "./wire.js";

// The fetcher's whole program: it talks to one registry, and passes the answers on without parsing them.

interface Opened {
  readonly client: RegistryClient;
  readonly timing: RegistryTiming;
}

serve((library) => {
  let opened: Opened | undefined;
  const now = () => {
    if (opened === undefined)
      throw new BulkheadError("HELPER_FAILED", { operation: "ask registry", detail: "not open" });
    return opened;
  };
  return {
    async open(value) {
      const { name, settings } = openSchema.parse(value);
      const known = {
        ...settings,
        insecure: new Set(settings.insecure),
        tokenServers: new Set(settings.tokenServers),
      };
      const whole = { ...name, tag: name.tag, digest: name.digest };
      opened = { client: new RegistryClient(whole, known, localOf(library)), timing: settings.timing };
      return { value: null };
    },
    async manifest(value) {
      const { bytes, mediaType } = await now().client.manifest(manifestSchema.parse(value).reference);
      return { value: { mediaType: mediaType?.slice(0, 256) ?? null }, body: whole(bytes) };
    },
    async referrers(value) {
      return maybe(await now().client.referrers(referrersSchema.parse(value).digest));
    },
    async document(value) {
      const { digest, maximum } = documentSchema.parse(value);
      return maybe(await now().client.document(digest, maximum));
    },
    async blob(value) {
      const { offset, ...wanted } = blobSchema.parse(value);
      const { client, timing } = now();
      return { value: null, body: deliver(client, wanted, offset, timing) };
    },
    async blobPath(value) {
      return { value: now().client.blobPath(referrersSchema.parse(value).digest) };
    },
  };
});

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function maybe(bytes: Uint8Array | undefined): Answered {
  return bytes === undefined ? { value: null } : { value: null, body: whole(bytes) };
}

/** Loaded only when the registry calls for it. */
function localOf(library: Peer): Local {
  return {
    roots: async () => rootsSchema.parse((await library.call("roots", null)).value),
    certificates: async (host) => certificatesSchema.parse((await library.call("certificates", { host })).value),
    credentials: async () => credentialsSchema.parse((await library.call("credentials", null)).value) ?? undefined,
  };
}
