import { promises as dns } from "node:dns";

/** Resolves a name to addresses. Throws if it has none. */
export type Resolve = (name: string) => Promise<readonly string[]>;

/**
 * How to resolve names: as this host does, through given name servers (`ADDRESS` or `ADDRESS:PORT`), or through a
 * function.
 */
export type ResolverOption = Resolve | { readonly servers: readonly string[] };

/** Creates a resolver from an option. */
export function resolverOf(option: ResolverOption | undefined): Resolve {
  if (typeof option === "function") return option;
  return option === undefined ? bySystem : byServers(option.servers);
}

async function bySystem(name: string): Promise<readonly string[]> {
  return (await dns.lookup(name, { all: true })).map(({ address }) => address);
}

function byServers(servers: readonly string[]): Resolve {
  const resolver = new dns.Resolver({ timeout: 3_000, tries: 2 });
  resolver.setServers(servers);
  return async (name) => {
    const [v4, v6] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    const found = [v4, v6].flatMap((each) => (each.status === "fulfilled" ? each.value : []));
    if (found.length === 0 && v4.status === "rejected") throw v4.reason;
    return found;
  };
}
