import { describe, expect, it } from "vitest";
import { parseConfig } from "../../src/images/documents/config.js";

function config(fields: object): ReturnType<typeof parseConfig> {
  const rootfs = { type: "layers", diff_ids: [] };
  return parseConfig(Buffer.from(JSON.stringify({ os: "linux", architecture: "amd64", rootfs, ...fields })));
}

describe("parseConfig", () => {
  it("reads what an image says about running it", () => {
    const fields = {
      Entrypoint: ["/a"],
      Cmd: ["b"],
      Env: ["A=1", "B=x=y", "A=2"],
      WorkingDir: "/w",
      User: "me",
      Labels: { l: "1" },
    };
    expect(config({ config: fields }).config).toEqual({
      entrypoint: ["/a"],
      cmd: ["b"],
      env: { A: "2", B: "x=y" },
      workdir: "/w",
      user: "me",
      labels: { l: "1" },
    });
  });

  it.each([{}, { config: null }, { config: { Entrypoint: null, Cmd: null, Env: null, User: "", WorkingDir: "" } }])(
    "makes nothing of nothing: %j",
    (fields) => {
      const empty = { entrypoint: [], cmd: [], env: {}, workdir: null, user: null, labels: {} };
      expect(config(fields).config).toEqual(empty);
    },
  );

  it("takes a variable called __proto__ for a variable", () => {
    const { env } = config({ config: { Env: ["__proto__=x"] } }).config;
    expect(Object.keys(env)).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });

  it.each([
    { config: { Cmd: "sh" } },
    { config: { Env: ["A\0=1"] } },
    { config: { User: 0 } },
    { rootfs: { type: "layers", diff_ids: ["sha256:../x"] } },
    { rootfs: { type: "other", diff_ids: [] } },
    { os: 1 },
  ])("refuses %j", (fields) => {
    expect(() => config(fields)).toThrowError(expect.objectContaining({ code: "IMAGE_INVALID" }));
  });
});
