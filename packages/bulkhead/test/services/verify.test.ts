import { describe, expect, it } from "vitest";
import { parseService } from "../../src/services/file/load.js";
import { declaredBetween, targetOf, waysBetween } from "../../src/services/verify/ways.js";

const SERVICE = `
name: ways
components:
  web: { command: [x], provides: { http: { port: 80 } }, uses: { api: api.http, db: { offer: store.sql, port: 5432 } } }
  api:
    command: [x]
    files: [{ host: ./shared, at: /in }]
    provides: { http: { port: 3000 }, admin: { port: 3001 }, rpc: { socket: /run/api/rpc.sock } }
  store: { command: [x], provides: { sql: { socket: /run/sql.sock } } }
  db: { command: [x], provides: { sql: { port: 5432 }, more: { port: 80 } } }
  job: { command: [x], files: [{ host: ./shared/out, at: /out, mode: rw }] }
`;

const spec = await parseService(SERVICE, "file", "/srv");
const named = (name: string) => {
  const found = spec.components.find((one) => one.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};
const ways = (from: string, to: string, canary: { port: number | null; socket: string | null }) =>
  waysBetween(spec, named(from), named(to), canary).map((way) => `${way.by} ${targetOf(way)} ${way.offer}`);
const none = { port: null, socket: null };

describe("the ways from one component to another", () => {
  it("are its offers by path, by port and by name, and the listeners of the verification", () => {
    expect(ways("job", "api", { port: 20_001, socket: "/run/api/x.sock" })).toEqual([
      "socket /run/api/x.sock null",
      "port 127.0.0.1:20001 null",
      "name api:20001 null",
      "port 127.0.0.1:3000 http",
      "name api:3000 http",
      "port 127.0.0.1:3001 admin",
      "name api:3001 admin",
      "socket /run/api/rpc.sock rpc",
    ]);
  });

  it("are not the ends of declared channels, but every other place of their providers", () => {
    expect(ways("web", "api", none)).toEqual([
      "port 127.0.0.1:3000 http",
      "port 127.0.0.1:3001 admin",
      "name api:3001 admin",
      "socket /run/api/rpc.sock rpc",
    ]);
  });

  it("are not places where the component has a server or a channel of its own", () => {
    // Its channel `db` leads to `store`; port 80 is its own.
    expect(ways("web", "db", none)).toEqual(["port 127.0.0.1:5432 sql"]);
  });

  it("are none to a component that offers nothing and cannot listen", () => {
    expect(ways("web", "job", none)).toEqual([]);
  });
});

describe("what a file declares from one component to another", () => {
  it("is offers and host paths of both, in either direction", () => {
    const declared = (from: string, to: string) => declaredBetween(spec, named(from), named(to));
    expect(declared("web", "api")).toEqual(["api.http"]);
    expect(declared("api", "web")).toEqual([]);
    expect(declared("job", "api")).toEqual(["/srv/shared"]);
    expect(declared("api", "job")).toEqual(["/srv/shared/out"]);
  });
});
