import { Command } from "commander";
import { EXAMPLES } from "../help.js";
import { addRegistryFlags, type BuildFlags, type ImagesFlags, type VerifyFlags } from "../images/flags.js";

/** `bulkhead images`: manages the image store. */
export function imagesCommand(): Command {
  return new Command("images")
    .description("pull, list and remove images")
    .addHelpText("after", EXAMPLES.images)
    .addCommand(
      addRegistryFlags(key(json(broker(new Command("pull")), "print progress as JSON, one object a line")))
        .description("pull images from their registries, even if they are in the store")
        .argument("<name...>", "as in python:3.13-slim or registry.example:5000/team/tool@sha256:…")
        .action(async (names: readonly string[], flags: ImagesFlags) => {
          const { pullImages } = await import("../images/pull.js");
          await pullImages(names, flags);
        }),
    )
    .addCommand(
      json(new Command("ls"))
        .description("list the images in the store and the disk space they use")
        .action(async (flags: ImagesFlags) => {
          const { showImages } = await import("../images/list.js");
          await showImages(flags);
        }),
    )
    .addCommand(
      json(new Command("inspect"), "print it in one line")
        .description("print all details of one image as JSON")
        .argument("<name>", "name of an image in the store")
        .action(async (name: string, flags: ImagesFlags) => {
          const { showImage } = await import("../images/list.js");
          await showImage(name, flags);
        }),
    )
    .addCommand(
      json(new Command("rm"))
        .description("remove images, except data that a sandbox uses")
        .argument("<name...>", "names of images in the store")
        .action(async (names: readonly string[], flags: ImagesFlags) => {
          const { removeImages } = await import("../images/remove.js");
          await removeImages(names, flags);
        }),
    )
    .addCommand(
      json(new Command("prune"))
        .description("remove data that no image name refers to, except data that a sandbox uses")
        .option("--all", "also remove the names of images that no sandbox uses")
        .action(async (flags: ImagesFlags) => {
          const { pruneImages } = await import("../images/remove.js");
          await pruneImages(flags);
        }),
    )
    .addCommand(
      json(broker(new Command("import")))
        .description("import an image from files under a name")
        .argument("<source>", "oci:PATH[:TAG] or docker-archive:FILE[:NAME:TAG]")
        .argument("<name>", "name in the store")
        .action(async (source: string, name: string, flags: ImagesFlags) => {
          const { importImage } = await import("../images/files.js");
          await importImage(source, name, flags);
        }),
    )
    .addCommand(
      addRegistryFlags(key(json(new Command("verify"))))
        .description("print who signed an image, or fail")
        .option("--identity <name>", "require a signature by this mail address or URL, with * for anything")
        .option("--issuer <url>", "the OIDC issuer of the identity")
        .option("--trusted-root <file>", "trusted_root.json: the CAs, logs and timestamp authorities to trust")
        .option("--policy <file>", "apply images.verify of this policy")
        .argument("<name>", "name of an image in the store or in its registry")
        .action(async (name: string, flags: VerifyFlags) => {
          const { verifyImage } = await import("../images/verify.js");
          await verifyImage(name, flags);
        }),
    )
    .addCommand(
      json(broker(new Command("build-base")))
        .description("build an image from busybox or Debian packages, for machines without a registry")
        .option(
          "--packages <names>",
          "install Debian's essential packages and these, separated by commas (needs mmdebstrap)",
        )
        .option("--suite <name>", "Debian suite (default: this machine's)")
        .option("--mirror <url>", "package mirror")
        .argument("[name]", "name in the store (default: localhost/base, localhost/debian)")
        .action(async (name: string | undefined, flags: BuildFlags) => {
          const { buildImage } = await import("../images/build.js");
          await buildImage(name, flags);
        }),
    )
    .addCommand(
      json(new Command("export"))
        .description("write an image as an OCI layout directory")
        .argument("<name>", "name of an image in the store")
        .argument("<target>", "oci:DIRECTORY[:TAG], which must not exist yet")
        .action(async (name: string, target: string, flags: ImagesFlags) => {
          const { exportImage } = await import("../images/files.js");
          await exportImage(name, target, flags);
        }),
    );
}

function key(command: Command): Command {
  return command.option(
    "--verify-key <file>",
    "require a cosign signature by this key (repeatable)",
    (value: string, previous: readonly string[] = []) => [...previous, value],
    undefined,
  );
}

function json(command: Command, what = "print the result as one JSON object"): Command {
  return command.option("--json", what);
}

function broker(command: Command): Command {
  return command.option("--broker <socket>", "unpack through the system broker at this socket");
}
