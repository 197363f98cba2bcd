import type { EgressOptions } from "bulkhead";
import { Names } from "./names.js";
import { type Certificate, certificateFor, type Served, serveCanary, serveHttp } from "./servers.js";

/** What a workload is told of where they are. */
export type HostsEnv = Readonly<Record<"WEB" | "TLS" | "CANARY" | "WEBPORT" | "TLSPORT", string>>;

/**
 * The hosts of a small internet, all of them on this host's loopback: a web server and a TLS server that each answer to
 * every name, one that nobody may reach, and the name server that knows them.
 */
export class Hosts implements AsyncDisposable {
  readonly web: Served;
  readonly tls: Served;
  readonly canary: Served;
  readonly names: Names;
  readonly certificate: Certificate;

  private constructor(parts: Pick<Hosts, "web" | "tls" | "canary" | "names" | "certificate">) {
    this.web = parts.web;
    this.tls = parts.tls;
    this.canary = parts.canary;
    this.names = parts.names;
    this.certificate = parts.certificate;
  }

  /** `more`: names that lead elsewhere than to loopback, or that do not stay where they are. */
  static async start(names: readonly string[], more: Readonly<Record<string, readonly string[]>> = {}): Promise<Hosts> {
    const certificate = certificateFor(...names);
    const web = await serveHttp((request, response) => {
      if (request.url === "/redirect") response.writeHead(302, { location: `http://other.test:${web.port}/` });
      response.end(`hello ${request.method} ${request.url}\n`);
    });
    return new Hosts({
      web,
      certificate,
      tls: await serveHttp((_request, response) => response.end("secure\n"), certificate),
      canary: await serveCanary(),
      names: await Names.start({ ...Object.fromEntries(names.map((name) => [name, ["127.0.0.1"]])), ...more }),
    });
  }

  /** `WEB` and `TLS` with the names by which a policy lets them be reached. */
  env(web: string, tls: string): HostsEnv {
    return {
      WEB: `${web}:${this.web.port}`,
      TLS: `${tls}:${this.tls.port}`,
      CANARY: String(this.canary.port),
      WEBPORT: String(this.web.port),
      TLSPORT: String(this.tls.port),
    };
  }

  /** What the library is told to find them, and to believe them. */
  get egress(): EgressOptions {
    return { resolver: { servers: this.names.servers }, authorities: [this.certificate.cert] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.web, this.tls, this.canary, this.names].map((each) => each[Symbol.asyncDispose]()));
  }
}
