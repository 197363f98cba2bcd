import { describe, expect, it } from "vitest";
import { importCompose } from "../../src/services/compose/import.js";
import { parseService } from "../../src/services/file/load.js";

const COMPOSE = `
name: Shop_1
version: "3"
services:
  web:
    image: nginx:1.27
    command: [nginx, -g, "daemon off;"]
    ports: ["8080:80", "0.0.0.0:8443:443", "53:53/udp", "9000"]
    depends_on: { db.main: { condition: service_healthy } }
    environment: [A=1, HOME_OF, "B=\${C}"]
    volumes: ["./site:/site:ro", "./up:/up", "data:/data", "/var/run/docker.sock:/s"]
    restart: unless-stopped
    privileged: true
    cap_add: [NET_ADMIN]
    networks: [front]
    mem_limit: 64m
    secrets: [TOKEN, other]
  db.main:
    image: postgres:16
    user: 70
    read_only: true
    expose: [5432]
    environment: { POSTGRES_DB: shop }
    healthcheck: { test: [CMD-SHELL, pg_isready] }
    stop_grace_period: 30s
    deploy: { resources: { limits: { cpus: "0.5", memory: 128M } }, replicas: 3 }
secrets:
  TOKEN: { file: ./token }
  other: { external: true }
volumes: { data: {} }
x-more: 1
`;

describe("a Compose file", () => {
  it("becomes a service file that is valid, with the same programs behind walls", async () => {
    const { text } = await importCompose(COMPOSE, "compose.yaml");
    const { name, components, channels } = await parseService(text, "imported", "/srv");
    expect(name).toBe("shop-1");
    expect(components.map((one) => one.name)).toEqual(["db-main", "web"]);
    expect(channels.map(({ consumer, provider, target }) => [consumer, provider, target])).toEqual([
      ["web", "db-main", { port: 5432 }],
    ]);
    const [database, web] = components;
    expect(database).toMatchObject({
      policy: {
        image: "postgres:16",
        user: "70",
        env: { POSTGRES_DB: "shop" },
        resources: { memory: "128M", cpus: 0.5 },
      },
      ready: { kind: "command", argv: ["sh", "-c", "pg_isready"] },
      stop: { graceMs: 30_000 },
      listen: [],
    });
    expect(database?.policy.writable).toBeUndefined();
    expect(web?.listen.map(({ address, port, target }) => [address, port, target])).toEqual([
      ["127.0.0.1", 8080, { port: 80 }],
      ["0.0.0.0", 8443, { port: 443 }],
    ]);
    expect(web?.mounts.map(({ path, writable }) => [path, writable])).toEqual([
      ["/srv/site", false],
      ["/srv/up", true],
    ]);
    expect(web).toMatchObject({ restart: { when: "always" }, secretFiles: [{ name: "TOKEN", path: "/srv/token" }] });
    expect(web?.policy).toMatchObject({ writable: true, resources: { memory: "64m" } });
    expect(web?.policy.capabilities).toBeUndefined();
  });

  it("has what is not taken over listed, with the reason", async () => {
    const { left } = await importCompose(COMPOSE, "compose.yaml");
    const of = (path: string) => left.filter((one) => one.path === path).map(({ why }) => why);
    expect(of("services.web.privileged")).toEqual(["no component has privilege on the host"]);
    expect(of("services.web.cap_add")).toHaveLength(1);
    expect(of("services.web.networks")).toHaveLength(1);
    expect(of("services.web.environment")).toHaveLength(2);
    expect(of("services.web.volumes").join()).toMatch(/data is a named volume.*Docker socket/);
    expect(of("services.web.ports").join()).toMatch(/8080 is opened on 127.0.0.1 only.*"53:53\/udp".*"9000"/);
    expect(of("services.web.secrets")).toHaveLength(1);
    expect(of("x-more")).toEqual(["has no equivalent"]);
  });

  it("keeps each of two services and of two ports whose names are the same here", async () => {
    const file = `
services:
  a_b: { image: x, ports: ["127.0.0.1:80:1", "10.0.0.1:80:2"] }
  a-b: { image: y, depends_on: [a_b] }
  A.B: { image: z }
`;
    const { text } = await importCompose(file, "compose.yaml");
    const { components, channels } = await parseService(text, "imported", "/srv");
    expect(components.map(({ name, policy }) => [name, policy.image])).toEqual([
      ["a-b", "x"],
      ["a-b-2", "y"],
      ["a-b-3", "z"],
    ]);
    expect(components[0]?.listen.map(({ address, target }) => [address, target])).toEqual([
      ["127.0.0.1", { port: 1 }],
      ["10.0.0.1", { port: 2 }],
    ]);
    expect(channels.map(({ consumer, provider }) => [consumer, provider])).toEqual([
      ["a-b-2", "a-b"],
      ["a-b-2", "a-b"],
    ]);
  });

  it("has no path in a home directory taken over: a service file expands none", async () => {
    const file = `
services: { a: { image: x, volumes: ["~/data:/data"], secrets: [K] } }
secrets: { K: { file: ~/key } }
`;
    const { text, left } = await importCompose(file, "compose.yaml");
    expect(text).not.toContain("~");
    expect(left.map(({ path, why }) => `${path} ${why}`)).toEqual([
      expect.stringMatching(/^services.a.volumes ~\/data is relative/),
      expect.stringMatching(/^services.a.secrets ~\/key is relative/),
    ]);
  });

  it.each(["", "[]", "services: 1", "services: { a: 1 }", "services: { a: { ports: 1, volumes: {}, depends_on: 3 } }"])(
    "of another shape is no crash: %j",
    async (text) => {
      expect((await importCompose(text, "compose.yaml")).text).toContain("name: imported");
    },
  );
});
