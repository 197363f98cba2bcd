import { describe, expect, it } from "vitest";
import { blastOf } from "../../src/services/blast/blast.js";
import { parseService } from "../../src/services/file/load.js";

const SERVICE = `
name: uploads
components:
  front: { root: host, command: [nginx], listen: { http: "[::1]:8080" }, uses: { api: api.http } }
  api:
    command: [node]
    files: [{ host: ./app, at: /app }, { host: ./data, at: /data, mode: rw }]
    network: { allow: ["mail.example.org:443"] }
    provides: { http: { port: 3000 } }
    uses: { convert: converter.rpc, sign: signer.rpc }
  converter: { level: gvisor, syscalls: strict, command: [x], provides: { rpc: { socket: /run/rpc.sock } } }
  signer: { level: chroot, command: [x], secrets: { KEY: { file: k } }, provides: { rpc: { socket: /run/rpc.sock, from: [api] } } }
  backup: { command: [x], files: [{ host: ./data/now, at: /data }] }
`;

const blast = async (name: string) => blastOf(await parseService(SERVICE, "file", "/srv"), name);

describe("what an attacker reaches from a component", () => {
  it("is its own files, secrets and network, and others through channels and written paths", async () => {
    expect(await blast("api")).toMatchObject({
      level: "container",
      root: "base",
      reads: [
        { path: "/srv/app", at: "/app" },
        { path: "/srv/data", at: "/data" },
      ],
      writes: [{ path: "/srv/data", at: "/data" }],
      secrets: [],
      components: [
        { name: "converter", distance: 1, by: "converter.rpc" },
        { name: "signer", distance: 1, by: "signer.rpc" },
        { name: "backup", distance: 1, by: "/srv/data/now" },
      ],
      answers: ["front"],
      hosts: ["mail.example.org:443"],
      ports: [],
    });
  });

  it("counts what is further away as less", async () => {
    const { components, ports, points } = await blast("front");
    expect(components.map(({ name, distance }) => `${name} ${distance}`)).toEqual([
      "api 1",
      "converter 2",
      "signer 2",
      "backup 2",
    ]);
    expect(ports).toEqual(["[::1]:8080"]);
    expect(points).toEqual({ files: 3, secrets: 0, components: 6 + 9, network: 0, kernel: 10 });
  });

  it("is nothing of the service for one that uses nothing", async () => {
    const { components, secrets, secretFiles, score, points } = await blast("signer");
    expect(secretFiles).toEqual([{ name: "KEY", path: "/srv/k" }]);
    expect({ components, secrets, score }).toEqual({ components: [], secrets: ["KEY"], score: 10 + 14 });
    expect(points.secrets).toBe(10);
    expect((await blast("converter")).score).toBe(3 - 1.5);
    expect((await blast("backup")).components).toEqual([]);
  });

  it("adds up to the score", async () => {
    for (const name of ["front", "api", "converter", "signer", "backup"]) {
      const { score, points } = await blast(name);
      expect(Object.values(points).reduce((sum, one) => sum + one, 0)).toBe(score);
    }
  });

  it("is not told of a component that the service does not have", async () => {
    await expect(blast("constructor")).rejects.toMatchObject({ code: "COMPONENT_UNKNOWN" });
  });
});
