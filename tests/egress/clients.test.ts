import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { Sandbox } from "bulkhead";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exceptAt } from "../support/levels.js";
import { findProgram } from "../support/programs.js";
import { gitRepository } from "./support/git-repository.js";
import { Names } from "./support/names.js";
import { pythonIndex } from "./support/python-index.js";
import { aptRepository } from "./support/registries/apt.js";
import { cargoRegistry } from "./support/registries/cargo.js";
import type { Files } from "./support/registries/files.js";
import { goProxy } from "./support/registries/go.js";
import { npmRegistry } from "./support/registries/npm.js";
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
  "CARGO_HTTP_CAINFO",
];

const toolchain = rustToolchain();
const programs = lacks();

/** Programs as they are installed, told nothing but their environment. */
await exceptAt({
  microvm: "its programs are those of `root: host`, which a guest has not; everywhere.test.ts runs pip and curl there",
})(
  (level) => {
    describe("real clients", () => {
      const python = pythonIndex();
      const certificate = certificateFor("index.test");
      let index: Served;
      let canary: Served;
      let names: Names;
      let sandbox: Sandbox;

      beforeAll(async () => {
        let files: Files = {};
        const listener: RequestListener = (request, response) => {
          const path = decodeURIComponent(request.url?.split("?", 1)[0] ?? "/");
          if (Object.hasOwn(files, path)) response.end(files[path]);
          else python(request, response);
        };
        index = await serveHttp(listener, certificate);
        const base = `https://index.test:${index.port}`;
        files = {
          "/text": "some text\n",
          ...gitRepository(),
          ...npmRegistry(base),
          ...goProxy(),
          ...cargoRegistry(base),
          ...(programs.apt === undefined ? aptRepository() : {}),
        };
        canary = await serveCanary();
        names = await Names.start({ "index.test": ["127.0.0.1"], "other.test": ["127.0.0.1"] });
        sandbox = await Sandbox.create(
          {
            level,
            root: "host",
            files: toolchain === undefined ? [] : [{ host: toolchain, at: "/toolchain" }],
            env: {
              INDEX: `https://index.test:${index.port}`,
              OTHER: `https://other.test:${canary.port}`,
              // Without a control group memory is bounded by address space, of which V8 wants gigabytes to guard
              // WebAssembly with.
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
      });

      const said = async (command: string) => {
        const { stdout, stderr, exitCode } = await sandbox.run(["sh", "-c", command], { timeoutMs: 60_000 });
        return { text: `${stdout}${stderr}`, exitCode };
      };

      const succeeds = async (command: string) => {
        const { text, exitCode } = await said(command);
        expect(exitCode, text).toBe(0);
      };

      test("pip installs from the one index that is named, and from nowhere else", async () => {
        const pip =
          "PIP_DISABLE_PIP_VERSION_CHECK=1 pip3 install -q --no-cache-dir --retries 0 --target /work/packages";
        await succeeds(`${pip} --index-url $INDEX/simple/ bulkheadprobe`);
        expect((await said("PYTHONPATH=/work/packages python3 -c 'import bulkheadprobe'")).text).toBe(
          "installed and imported\n",
        );
        expect((await said(`${pip} --index-url $OTHER/simple/ bulkheadprobe`)).exitCode).not.toBe(0);
        expect(
          (
            await said(
              `env -u HTTPS_PROXY -u https_proxy -u ALL_PROXY -u all_proxy ${pip} --index-url $OTHER/simple/ x`,
            )
          ).exitCode,
        ).not.toBe(0);
        expect(canary.connections()).toBe(0);
      });

      test("git clones", async () => {
        expect((await said("git clone -q $INDEX/repository.git /work/clone && cat /work/clone/README")).text).toBe(
          "cloned through the gate\n",
        );
        expect((await said("git clone -q $OTHER/repository.git /work/other")).exitCode).not.toBe(0);
      });

      test("npm installs from its registry", async () => {
        const npm =
          "npm install --prefix /work/project --cache /work/npm --fetch-retries 0 --no-audit --no-fund --registry";
        expect((await said(`${npm} $OTHER/ bulkheadprobe`)).exitCode).not.toBe(0);
        await succeeds(`${npm} $INDEX/ bulkheadprobe`);
        expect((await said("node -p 'require(\"/work/project/node_modules/bulkheadprobe\")'")).text).toBe(
          "installed\n",
        );
        expect(canary.connections()).toBe(0);
      });

      test.skipIf(programs.go !== undefined)(`go downloads a module${because(programs.go)}`, async () => {
        const go = "export GOPATH=/work/go GOCACHE=/work/go-cache GOTOOLCHAIN=local GOSUMDB=off GOFLAGS=-modcacherw;";
        const download = `${go} ${programs.goPath} mod download probe.test/bulkhead@v1.0.0`;
        expect((await said(`GOPROXY=$OTHER/go; export GOPROXY; ${download}`)).exitCode).not.toBe(0);
        await succeeds(`GOPROXY=$INDEX/go; export GOPROXY; ${download}`);
        expect((await said("cat /work/go/pkg/mod/probe.test/bulkhead@v1.0.0/probe.go")).text).toContain("downloaded");
        expect(canary.connections()).toBe(0);
      });

      test.skipIf(programs.cargo !== undefined)(`cargo fetches a crate${because(programs.cargo)}`, async () => {
        const project = `mkdir -p /work/crate/src && cd /work/crate && echo 'fn main() {}' > src/main.rs && cat > Cargo.toml <<'END'
[package]
name = "user"
version = "0.1.0"
edition = "2021"
[dependencies]
bulkheadprobe = { version = "1", registry = "probe" }
END
`;
        const fetch = (from: string) =>
          `${project} PATH=/toolchain/bin:$PATH CARGO_HOME=/work/cargo CARGO_NET_RETRY=0 CARGO_REGISTRIES_PROBE_INDEX=sparse+${from}/cargo/ cargo fetch`;
        expect((await said(fetch("$OTHER"))).exitCode).not.toBe(0);
        await succeeds(fetch("$INDEX"));
        const source = "cat /work/cargo/registry/src/*/bulkheadprobe-1.0.0/src/lib.rs";
        expect((await said(source)).text).toContain("fetched");
        expect(canary.connections()).toBe(0);
      });

      test.skipIf(programs.apt !== undefined)(`apt updates and downloads${because(programs.apt)}`, async () => {
        const apt = (from: string) => `
        mkdir -p /work/apt/lists/partial /work/apt/cache/archives/partial && cd /work/apt && : > status
        echo "deb [trusted=yes] ${from}/apt ./" > sources.list
        apt="apt-get -qq -o Dir::Etc=/work/apt -o Dir::Etc::SourceList=sources.list -o Dir::State=/work/apt"
        apt="$apt -o Dir::Cache=/work/apt/cache -o Dir::State::status=/work/apt/status -o Acquire::Retries=0"
        apt="$apt -o Acquire::https::CaInfo=/work/ca.pem -o APT::Update::Error-Mode=any"
        $apt update && $apt download bulkheadprobe`;
        expect((await said(apt("$OTHER"))).exitCode).not.toBe(0);
        await succeeds(apt("$INDEX"));
        const unpacked =
          "cd /work/apt && dpkg-deb -x bulkheadprobe_1.0_all.deb tree && cat tree/usr/share/bulkheadprobe";
        expect((await said(unpacked)).text).toBe("downloaded\n");
        expect(canary.connections()).toBe(0);
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
  },
  ["chroot", "container", "gvisor", "microvm"],
);

/** Why a test is skipped, for its title. */
function because(lack: string | undefined): string {
  return lack === undefined ? "" : ` (skipped: ${lack})`;
}

/** What this host lacks; programs below /usr are seen inside as they are, cargo's toolchain is mounted. */
function lacks() {
  const goPath = [findProgram("go"), "/usr/local/go/bin/go"].find(
    (path) => path?.startsWith("/usr/") && existsSync(path),
  );
  return {
    goPath,
    go: goPath === undefined ? "there is no go below /usr" : undefined,
    cargo: toolchain === undefined ? "there is no toolchain of Rust that this user can read" : undefined,
    apt: [findProgram("apt-get"), findProgram("dpkg-deb")].includes(undefined) ? "there is no apt" : undefined,
  };
}

function rustToolchain(): string | undefined {
  try {
    const path = execFileSync("rustc", ["--print", "sysroot"], { stdio: ["ignore", "pipe", "ignore"] })
      .toString()
      .trim();
    accessSync(join(path, "bin", "cargo"), constants.X_OK);
    return path;
  } catch {
    return undefined;
  }
}
