import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { apiPage } from "../../scripts/docs/api-page.js";
import { startServer, type TestServer } from "./support/server.js";

let server: TestServer;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ server, close } = await startServer("api-page"));
});

afterAll(async () => await close());

it("docs/api.md is what a running server says of itself (npm run docs:api)", async () => {
  const { json } = await server.send("GET", "/v1/openapi.json", { token: null });
  const page = await readFile(new URL("../../docs/api.md", import.meta.url), "utf8");
  expect(apiPage(json)).toBe(page);
});
