import { run } from "bulkhead";
import { learn } from "bulkhead/learn";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Names } from "../egress/support/names.js";
import { type Served, serveHttp } from "../egress/support/servers.js";

let web: Served;
let names: Names;
beforeAll(async () => {
  web = await serveHttp((_request, response) => response.end("hello\n"));
  names = await Names.start({ "a.web.test": ["127.0.0.1"], "b.web.test": ["127.0.0.1"] });
});
afterAll(async () => {
  await names[Symbol.asyncDispose]();
  await web[Symbol.asyncDispose]();
});

test("a wildcard is narrowed to the host and port that were reached, and others are refused then", async () => {
  const fetch = (host: string) => ["curl", "-sS", "--fail", "--max-time", "20", `http://${host}:${web.port}/`];
  const wide = { host: "*.web.test", ports: "*", private: true } as const;
  const egress = { resolver: { servers: names.servers } };
  const { least, learned } = await learn(
    fetch("a.web.test"),
    { root: "host", network: { allow: [wide, "unused.example"] } },
    { egress },
  );
  expect(learned.egress).toMatchObject([{ host: "a.web.test", port: web.port, runs: 1 }]);
  // That private addresses are meant stays; what nothing used goes.
  expect(least.policy.network).toEqual({ allow: [{ host: "a.web.test", ports: [web.port], private: true }] });
  expect((await run(fetch("a.web.test"), least.policy, { egress })).stdout).toBe("hello\n");
  expect((await run(fetch("b.web.test"), least.policy, { egress })).exitCode).not.toBe(0);
});
