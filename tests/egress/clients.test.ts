import type { RequestListener } from "node:http";
import { Sandbox } from "bulkhead";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exceptAt } from "../support/levels.js";
import { gitRepository } from "./support/git-repository.js";
import { Names } from "./support/names.js";
import { pythonIndex } from "./support/python-index.js";
import { certificateFor, type Served, serveCanary, serveHttp } from "./support/servers.js";

/** What a workload is told by when it is to trust the tests' certificate. */
const TRUST = [
  "SSL_CERT_FILE",
  "CURL_CA_BUNDLE",
  "REQUESTS_CA_BUNDLE",
  "PIP_CERT",
  "GIT_SSL_CAINFO",
  "NODE_EXTRA_CA_CERTS",
  "npm_config_cafile",
];

/** Programs as they are installed, told nothing but their environment. */
await exceptAt({ microvm: "its programs are those of `root: host`, which a guest has not" })((level) => {
  describe("real clients", () => {
    const repository = gitRepository();
    const python = pythonIndex();
    const certificate = certificateFor("index.test");
    let index: Served;
    let canary: Served;
    let names: Names;
    let sandbox: Sandbox;

    beforeAll(async () => {
      const listener: RequestListener = (request, response) => {
        const { url = "/" } = request;
        if (url.startsWith("/repository.git/")) repository.listener(request, response);
        else if (url === "/bulkheadprobe") response.end(JSON.stringify(npmPackage(index.port)));
        else if (url === "/text") response.end("some text\n");
        else python(request, response);
      };
      index = await serveHttp(listener, certificate);
      canary = await serveCanary();
      names = await Names.start({ "index.test": ["127.0.0.1"], "other.test": ["127.0.0.1"] });
      sandbox = await Sandbox.create(
        {
          level,
          root: "host",
          env: {
            INDEX: `https://index.test:${index.port}`,
            OTHER: `https://other.test:${canary.port}`,
            // Without a control group memory is bounded by address space, of which V8 wants gigabytes to guard WebAssembly with.
            NODE_OPTIONS: "--disable-wasm-trap-handler",
            ...Object.fromEntries(TRUST.map((name) => [name, "/work/ca.pem"])),
          },
          resources: { pids: 200, memory: "1GiB" },
          network: { allow: [{ host: "index.test", ports: index.port, private: true }] },
        },
        { egress: { resolver: { servers: names.servers } } },
      );
      await sandbox.files.write("/work/ca.pem", certificate.cert);
    });
    afterAll(async () => {
      await sandbox.kill();
      await Promise.all([index, canary, names].map((each) => each[Symbol.asyncDispose]()));
      repository.remove();
    });

    const said = async (command: string) => {
      const { stdout, stderr, exitCode } = await sandbox.run(["sh", "-c", command], { timeoutMs: 60_000 });
      return { text: `${stdout}${stderr}`, exitCode };
    };

    test("pip installs from the one index that is named, and from nowhere else", async () => {
      const pip = "PIP_DISABLE_PIP_VERSION_CHECK=1 pip3 install -q --no-cache-dir --retries 0 --target /work/packages";
      expect(await said(`${pip} --index-url $INDEX/simple/ bulkheadprobe`)).toMatchObject({ exitCode: 0 });
      expect((await said("PYTHONPATH=/work/packages python3 -c 'import bulkheadprobe'")).text).toBe(
        "installed and imported\n",
      );
      expect((await said(`${pip} --index-url $OTHER/simple/ bulkheadprobe`)).exitCode).not.toBe(0);
      expect(
        (await said(`env -u HTTPS_PROXY -u https_proxy -u ALL_PROXY -u all_proxy ${pip} --index-url $OTHER/simple/ x`))
          .exitCode,
      ).not.toBe(0);
      expect(canary.connections()).toBe(0);
    });

    test("git clones", async () => {
      expect((await said("git clone -q $INDEX/repository.git /work/clone && cat /work/clone/README")).text).toBe(
        "cloned through the gate\n",
      );
      expect((await said("git clone -q $OTHER/repository.git /work/other")).exitCode).not.toBe(0);
    });

    test("npm asks its registry", async () => {
      const npm = "npm view --cache /work/npm --fetch-retries 0 --registry";
      expect((await said(`${npm} $INDEX/ bulkheadprobe version`)).text).toContain("1.2.3");
      expect((await said(`${npm} $OTHER/ bulkheadprobe version`)).exitCode).not.toBe(0);
    });

    test.each([
      [
        "Python's urllib",
        `python3 -c 'import os, urllib.request; print(urllib.request.urlopen(os.environ["INDEX"] + "/text").read().decode(), end="")'`,
      ],
      [
        "Python's requests",
        `python3 -c 'import os, pip._vendor.requests as r; print(r.get(os.environ["INDEX"] + "/text").text, end="")'`,
      ],
      [
        "Node's fetch",
        `node -e 'fetch(process.env.INDEX + "/text").then((r) => r.text()).then((t) => process.stdout.write(t))'`,
      ],
      ["curl", "curl -sS $INDEX/text"],
    ])("%s", async (_name, command) => {
      expect(await said(command)).toEqual({ text: "some text\n", exitCode: 0 });
      expect((await said(`INDEX=$OTHER; export INDEX; ${command}`)).exitCode).not.toBe(0);
      expect(canary.connections()).toBe(0);
    });
  });
});

function npmPackage(port: number): object {
  const dist = { tarball: `https://index.test:${port}/bulkheadprobe.tgz`, shasum: "0".repeat(40) };
  const version = { name: "bulkheadprobe", version: "1.2.3", dist };
  return { name: "bulkheadprobe", "dist-tags": { latest: "1.2.3" }, versions: { "1.2.3": version } };
}
