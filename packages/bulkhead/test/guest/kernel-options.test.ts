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

  test("what must not be there is refused, also where a default of Linux has put it in", () => {
    const options = optionGroups.flatMap((group) => group.options);
    // Without it, `allnoconfig` leaves out nothing of what follows.
    expect(options).toContain("EXPERT");
    const off = ["IO_URING", "BPF_SYSCALL", "USERFAULTFD", "MODIFY_LDT_SYSCALL", "X86_16BIT", "SGETMASK_SYSCALL"];
    for (const name of [...off, "MODULES", "PCI", "ACPI", "VT", "INPUT", "KALLSYMS"]) {
      expect(missingOptions(`${asWanted}CONFIG_${name}=y\n`)).toEqual([`${name}=n`]);
      expect(missingOptions(`${asWanted}CONFIG_${name}=m\n`)).toEqual([`${name}=n`]);
    }
  });

  test("protections that are no default with EXPERT are asked for", () => {
    for (const name of ["RANDOMIZE_KSTACK_OFFSET", "X86_UMIP", "X86_PAT"]) {
      expect(missingOptions(asWanted.replace(`CONFIG_${name}=y\n`, ""))).toEqual([name]);
    }
  });

  test("one name of two is enough, each with its own value", () => {
    const without = asWanted.replace("CONFIG_BASE_FULL=y\n", "");
    expect(missingOptions(without)).toEqual([]);
    expect(missingOptions(`${without}CONFIG_BASE_SMALL=1\n`)).toEqual(["BASE_FULL|BASE_SMALL=n"]);
  });

  test("each is there once, and says what it is for", () => {
    const names = optionGroups.flatMap(({ options }) => options.map((option) => option.replace(/=.*/, "")));
    expect(names).toEqual([...new Set(names)]);
    for (const { why } of optionGroups) expect(asWanted).toContain(`# ${why}\n`);
  });
});
