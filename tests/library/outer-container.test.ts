/** Bulkhead inside a container as Docker starts one without privilege, by runc with Docker's capabilities and masks. */

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { lackOfRunc, runOuterContainer, skipsOuterContainer } from "../support/outer-container.js";

const root = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");
const launcher = `${root}/packages/cli/dist/bulkhead.cjs`;
/** The programs of this machine, and this checkout. */
const SHARED = ["/usr", "/etc", "/bin", "/sbin", "/lib", "/lib64", root, dirname(process.execPath)];

interface Inside {
  readonly marks?: readonly string[];
  readonly env?: readonly string[];
}

function inside(args: readonly string[], masked: boolean, { marks = [], env = [] }: Inside = {}) {
  return runOuterContainer({
    args: [process.execPath, launcher, ...args],
    masked,
    shared: SHARED,
    writable: ["/tmp", "/run", "/var"],
    marks,
    env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/tmp", ...env],
  });
}

const saying = lackOfRunc === "" ? "" : ` (skipped: ${lackOfRunc})`;

describe.skipIf(skipsOuterContainer)(`inside a container without privilege${saying}`, () => {
  it("doctor and run name the masks of /proc, and the options that lift them", async () => {
    const doctor = await inside(["doctor"], true);
    expect(doctor.output).toMatch(/container +no +needs a \/proc of its own for each sandbox/);
    expect(doctor.output).toContain("systempaths=unconfined");
    const run = await inside(["run", "--", "id", "-u"], true);
    expect(run).toEqual({ code: 125, output: expect.stringMatching(/covers \/proc\/[\s\S]*systempaths=unconfined/) });
  });

  it("doctor names the container's kind, and the one command or setting that helps there", async () => {
    const docker = await inside(["doctor"], true, { marks: [".dockerenv"] });
    expect(docker.output).toMatch(/inside +docker \(\/\.dockerenv\)/);
    expect(docker.output).toContain("`docker run --security-opt systempaths=unconfined");
    expect(docker.output).not.toContain("Kubernetes");
    const pod = await inside(["doctor"], true, { env: ["KUBERNETES_SERVICE_HOST=10.0.0.1"] });
    expect(pod.output).toContain("Set `procMount: Unmasked`");
    expect(pod.output).not.toContain("docker run");
  });

  it("runs with these options", async () => {
    expect(await inside(["run", "--", "id", "-u"], false)).toEqual({ code: 0, output: "1000\n" });
    expect(await inside(["run", "--level", "chroot", "--", "id", "-u"], false)).toEqual({ code: 0, output: "1000\n" });
  });
});
