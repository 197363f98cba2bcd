import { Command } from "commander";
import { EXAMPLES } from "../help.js";
import { addRegistryFlags, type BuildFlags, type ImagesFlags, type VerifyFlags } from "../images/flags.js";

/** `bulkhead images`: what is in the store, and how it gets there and out again. */
export function imagesCommand(): Command {
  return new Command("images")
    .description("pull, list and remove images")
    .addHelpText("after", EXAMPLES.images)
    .addCommand(
      addRegistryFlags(key(json(broker(new Command("pull")), "print what goes on as JSON, an object a line")))
        .description("bring images from their registries, whatever is here of them")
        .argument("<name...>", "as in python:3.13-slim or registry.example:5000/team/tool@sha256:…")
        .action(async (names: readonly string[], flags: ImagesFlags) => {
          const { pullImages } = await import("../images/pull.js");
          await pullImages(names, flags);
        }),
    )
    .addCommand(
      json(new Command("ls"))
        .description("list the images that are here, and what they take of the disk")
        .action(async (flags: ImagesFlags) => {
          const { showImages } = await import("../images/list.js");
          await showImages(flags);
        }),
    )
    .addCommand(
      json(new Command("inspect"), "print it in one line")
        .description("print everything known of one image, as JSON")
        .argument("<name>", "of an image that is here")
        .action(async (name: string, flags: ImagesFlags) => {
          const { showImage } = await import("../images/list.js");
          await showImage(name, flags);
        }),
    )
    .addCommand(
      json(new Command("rm"))
        .description("remove images, except for what a sandbox uses")
        .argument("<name...>", "of images that are here")
        .action(async (names: readonly string[], flags: ImagesFlags) => {
          const { removeImages } = await import("../images/remove.js");
          await removeImages(names, flags);
        }),
    )
    .addCommand(
      json(new Command("prune"))
        .description("remove what no name leads to, except for what a sandbox uses")
        .option("--all", "and the names that no sandbox uses")
        .action(async (flags: ImagesFlags) => {
          const { pruneImages } = await import("../images/remove.js");
          await pruneImages(flags);
        }),
    )
    .addCommand(
      json(broker(new Command("import")))
        .description("take an image in files in, under a name")
        .argument("<source>", "oci:PATH[:TAG] or docker-archive:FILE[:NAME:TAG]")
        .argument("<name>", "what it is to be called here")
        .action(async (source: string, name: string, flags: ImagesFlags) => {
          const { importImage } = await import("../images/files.js");
          await importImage(source, name, flags);
        }),
    )
    .addCommand(
      addRegistryFlags(key(json(new Command("verify"))))
        .description("tell who signed an image, or fail")
        .option("--identity <name>", "it must be signed by this mail address or URL, with * for anything")
        .option("--issuer <url>", "who vouched for the identity")
        .option("--trusted-root <file>", "trusted_root.json: whose word on identities and times is believed")
        .option("--policy <file>", "what images.verify of this policy says")
        .argument("<name>", "of an image that is here, or in its registry")
        .action(async (name: string, flags: VerifyFlags) => {
          const { verifyImage } = await import("../images/verify.js");
          await verifyImage(name, flags);
        }),
    )
    .addCommand(
      json(broker(new Command("build-base")))
        .description("make an image of busybox, or of Debian's packages, for machines without a registry")
        .option("--packages <names>", "Debian's essential packages and these, with commas (needs mmdebstrap)")
        .option("--suite <name>", "of which Debian (default: this machine's)")
        .option("--mirror <url>", "where packages come from")
        .argument("[name]", "what it is to be called here (default: localhost/base, localhost/debian)")
        .action(async (name: string | undefined, flags: BuildFlags) => {
          const { buildImage } = await import("../images/build.js");
          await buildImage(name, flags);
        }),
    )
    .addCommand(
      json(new Command("export"))
        .description("write an image as an OCI layout directory")
        .argument("<name>", "of an image that is here")
        .argument("<target>", "oci:DIRECTORY[:TAG], which is not there yet")
        .action(async (name: string, target: string, flags: ImagesFlags) => {
          const { exportImage } = await import("../images/files.js");
          await exportImage(name, target, flags);
        }),
    );
}

function key(command: Command): Command {
  return command.option(
    "--verify-key <file>",
    "it must be signed with this key, by cosign (repeatable)",
    (value: string, previous: readonly string[] = []) => [...previous, value],
    undefined,
  );
}

function json(command: Command, what = "print the result as one JSON object"): Command {
  return command.option("--json", what);
}

function broker(command: Command): Command {
  return command.option("--broker <socket>", "unpack by the system broker at this socket");
}
