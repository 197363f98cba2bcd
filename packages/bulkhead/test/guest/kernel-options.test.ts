import { describe, expect, test } from "vitest";
import { configFragment, missingOptions, optionGroups } from "../../src/guest/kernel/build/options.js";

describe("the options of the kernel that is built here", () => {
  const asWanted = configFragment();

  test("a configuration that has them all lacks none", () => {
    expect(missingOptions(asWanted)).toEqual([]);
  });

  test("one that was dropped, changed or put in against our will is named", () => {
    expect(
      missingOptions(asWanted.replace("CONFIG_SECCOMP_FILTER=y\n", "# CONFIG_SECCOMP_FILTER is not set\n")),
    ).toEqual(["SECCOMP_FILTER"]);
    expect(missingOptions(asWanted.replace("landlock,yama", "yama"))).toEqual(['LSM="landlock,yama,apparmor"']);
    expect(missingOptions(asWanted.replace("CONFIG_SLAB_MERGE_DEFAULT=n", "CONFIG_SLAB_MERGE_DEFAULT=y"))).toEqual([
      "SLAB_MERGE_DEFAULT=n",
    ]);
  });

  test("each is there once, and says what it is for", () => {
    const names = optionGroups.flatMap(({ options }) => options.map((option) => option.replace(/=.*/, "")));
    expect(names).toEqual([...new Set(names)]);
    for (const { why } of optionGroups) expect(asWanted).toContain(`# ${why}\n`);
    for (const name of ["PCI", "ACPI", "MODULES", "BPF_SYSCALL", "USERFAULTFD", "IO_URING"])
      expect(names).not.toContain(name);
  });
});
