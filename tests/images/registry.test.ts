import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { BulkheadError, type Level, run, Sandbox } from "bulkhead";
import { images, type PullEvent } from "bulkhead/images";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { forEachLevel, isRequired } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { LayoutWriter } from "./support/layout.js";
import { auth, writeDockerConfig } from "./support/registry/docker-config.js";
import {
  basicAuth,
  hasRegistry,
  PASSWORD,
  push,
  type RunningRegistry,
  startRegistry,
  startTokenServer,
} from "./support/registry/real.js";
import { tar } from "./support/tar.js";

const base = fileURLToPath(new URL("../../packages/bulkhead/assets/base", import.meta.url));
const rootLayer = () => execFileSync("tar", ["-C", base, "--sort=name", "-c", "."], { maxBuffer: 64 << 20 });
const config = {
  Env: ["GREETING=hello", "PATH=/bin"],
  WorkingDir: "/srv",
  User: "nobody",
  Entrypoint: ["/bin/sh", "-c"],
  Cmd: ['echo "$GREETING $USER $(pwd) $(cat /added)"'],
};

let directory: TemporaryDirectory;
let registry: RunningRegistry;
let layout = "";

beforeAll(async () => {
  if (!hasRegistry) return;
  directory = await TemporaryDirectory.create("registry");
  process.env["BULKHEAD_STORE"] = directory.join("store");
  process.env["DOCKER_CONFIG"] = directory.join("docker");
  layout = directory.join("layout");
  const writer = await LayoutWriter.create(layout);
  const layers = [rootLayer(), tar({ name: "added", data: "from above" }), tar({ name: "srv", type: "5" })];
  await writer.index(await writer.image(layers, { config: { config } }));
  registry = await startRegistry(directory.join("plain"));
  await push(layout, `${registry.host}/team/tool:v1`);
});
afterAll(async () => {
  delete process.env["BULKHEAD_STORE"];
  delete process.env["DOCKER_CONFIG"];
  await registry?.[Symbol.asyncDispose]();
  await directory?.[Symbol.asyncDispose]();
});

test.runIf(!hasRegistry && isRequired("docker-registry"))("docker-registry is required here", () => {
  throw new Error("install it: apt-get install docker-registry");
});

describe.runIf(hasRegistry)("a real registry", async () => {
  await forEachLevel((level: Level) => {
    it.each(["oci", "v2s2"])("an image pushed as %s runs as its own user, with its own words", async (format) => {
      const image = `${registry.host}/${level}/${format}:v1`;
      await push(layout, image, { format });
      const shown = await run([], { image, level });
      expect(shown).toMatchObject({ exitCode: 0, level, stdout: "hello nobody /srv from above\n" });
    });
  });

  it("is not asked again for what is here", async () => {
    const image = `${registry.host}/team/tool:v1`;
    const events: PullEvent[] = [];
    const control = { images: { onEvent: (event: PullEvent) => events.push(event) } };
    await images.pull(image, { onEvent: (event) => events.push(event) });
    expect(events.at(-1)).toMatchObject({ type: "pulled", image });
    events.length = 0;
    expect(await run([], { image }, control)).toMatchObject({ exitCode: 0 });
    expect(await run([], { image }, { images: { pull: "never" } })).toMatchObject({ exitCode: 0 });
    expect(events).toEqual([]);
    await run([], { image }, { images: { ...control.images, pull: "always" } });
    expect(events.map(({ type }) => type)).toEqual([
      "resolving",
      "resolved",
      "layer",
      "layer",
      "layer",
      "layer",
      "layer",
      "layer",
      "pulled",
    ]);
    expect(events.at(-1)).toMatchObject({ downloadedBytes: 0 });
  });

  it("may have moved a tag: that is seen when asked for", async () => {
    const image = `${registry.host}/moving/tag:latest`;
    await push(layout, image);
    expect((await run(["true"], { image, user: 0 }, {})).exitCode).toBe(0);
    const other = await LayoutWriter.create(directory.join("moved"));
    await other.index(await other.image([rootLayer(), tar({ name: "added", data: "moved" })], { config: { config } }));
    await push(other.path, image);
    const read = async (pull: "missing" | "always") =>
      (await run(["cat", "/added"], { image, workdir: "/work" }, { images: { pull } })).stdout;
    expect(await read("missing")).toBe("from above");
    expect(await read("always")).toBe("moved");
    expect(await read("missing")).toBe("moved");
  });

  it("gives an image by its digest", async () => {
    const { digest } = await images.pull(`${registry.host}/team/tool:v1`);
    const pinned = `${registry.host}/team/tool@${digest}`;
    // The same digest under a tag is good enough: nobody has to be asked.
    expect(await run([], { image: pinned }, { images: { pull: "never" } })).toMatchObject({ exitCode: 0 });
    await images.remove([`${registry.host}/team/tool:v1`]);
    expect(await run([], { image: pinned })).toMatchObject({ exitCode: 0 });
  });

  it.each([
    ["team/tool:none", "IMAGE_NOT_FOUND"],
    ["nobody/nothing:v1", "IMAGE_NOT_FOUND"],
  ])("does not have %s", async (name, code) => {
    await expect(run([], { image: `${registry.host}/${name}` })).rejects.toMatchObject({ code, detail: "HTTP 404" });
  });

  it("asks for a name and a password", async () => {
    await using guarded = await startRegistry(directory.join("basic"), await basicAuth(directory.join("basic")));
    const image = `${guarded.host}/team/tool:v1`;
    await push(layout, image, { password: true });
    await writeDockerConfig(directory.join("docker"), {});
    await expect(images.pull(image)).rejects.toMatchObject({ code: "REGISTRY_DENIED", detail: "no credentials" });
    await writeDockerConfig(directory.join("docker"), { auths: { [guarded.host]: auth("someone", "wrong") } });
    await expect(images.pull(image)).rejects.toMatchObject({ code: "REGISTRY_DENIED", detail: "HTTP 401" });
    await writeDockerConfig(directory.join("docker"), { auths: { [guarded.host]: auth("someone", PASSWORD) } });
    expect(await run([], { image })).toMatchObject({ exitCode: 0 });
  });

  it("asks for a token", async () => {
    await using tokens = await startTokenServer(directory.join("tokens"));
    await using guarded = await startRegistry(directory.join("token"), tokens.auth);
    const image = `${guarded.host}/team/tool:v1`;
    await push(layout, image, { password: true });
    await writeDockerConfig(directory.join("docker"), {});
    await expect(images.pull(image)).rejects.toMatchObject({ code: "REGISTRY_DENIED" });
    await writeDockerConfig(directory.join("docker"), { auths: { [guarded.host]: auth("someone", PASSWORD) } });
    // It is at another port, and so somebody else until the user says otherwise.
    await expect(images.pull(image)).rejects.toMatchObject({ code: "REGISTRY_UNSAFE" });
    tokens.seen.length = 0;
    const tokenServers = [`${guarded.host}=${tokens.origin}`];
    expect(await run([], { image }, { images: { registry: { tokenServers } } })).toMatchObject({ exitCode: 0 });
    expect(tokens.seen).toEqual(["someone pull"]);
  });

  it("gives the image that a policy file names", async () => {
    const file = directory.join("policy.yaml");
    await writeFile(file, `image: ${registry.host}/team/tool:v1\n`);
    const { loadPolicy } = await import("bulkhead");
    expect(await run([], await loadPolicy(file))).toMatchObject({ exitCode: 0 });
  });

  it("gives an image to a sandbox, which keeps it from being removed", async () => {
    const image = `${registry.host}/kept/tool:v1`;
    const writer = await LayoutWriter.create(directory.join("kept"));
    await writer.index(await writer.image([rootLayer(), tar({ name: "kept", data: "still here" })]));
    await push(writer.path, image);
    await using sandbox = await Sandbox.create({ image });
    expect(await images.remove([image])).toMatchObject({ trees: 0, treesInUse: 1 });
    expect(await images.prune({ all: true })).toMatchObject({ treesInUse: expect.any(Number) });
    expect((await sandbox.run(["cat", "/kept"])).stdout).toBe("still here");
    const gone = await images.inspect(image).catch((error: unknown) => error);
    expect(gone).toBeInstanceOf(BulkheadError);
  });
});
