import { describe, expect, it } from "vitest";
import { Service } from "../../src/services/service.js";

const text = "name: x\ncomponents: { a: { command: [x] } }\n";

describe("the arguments of a service", () => {
  it.each<readonly [string, () => Promise<unknown>]>([
    ["a path that is none", async () => await Service.load(1 as unknown as string)],
    ["a text that is none", async () => await Service.parse(null as unknown as string, "/srv")],
    ["a relative directory", async () => await Service.parse(text, "srv")],
    ["a listener that is none", async () => await (await Service.parse(text, "/srv")).up({ onEvent: 1 as never })],
    ["an option that does not exist", async () => await (await Service.parse(text, "/srv")).up({ file: "x" } as never)],
    ["a component that is none", async () => (await Service.parse(text, "/srv")).blast(1 as unknown as string)],
  ])("are refused before anything starts: %s", async (_name, call) => {
    await expect(call()).rejects.toMatchObject({ code: "ARGUMENT_INVALID" });
  });

  it("name a file that can be read", async () => {
    await expect(Service.load("/no/such/file")).rejects.toMatchObject({ code: "SERVICE_UNREADABLE", errno: 2 });
    await expect(Service.load("/")).rejects.toMatchObject({ code: "SERVICE_UNREADABLE" });
  });
});
