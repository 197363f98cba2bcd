import type { ImageOptions, OnPullEvent, RegistryOptions } from "bulkhead";
import { type Command, Option } from "commander";
import { oneOf } from "../policy/choice.js";

/** How a registry may be talked to. */
export interface RegistryFlags {
  readonly insecureRegistry?: readonly string[];
  readonly tokenServer?: readonly string[];
}

/** How the image of a run is had. */
export interface ImageFlags extends RegistryFlags {
  readonly pull?: "always" | "missing" | "never";
}

export function addRegistryFlags(command: Command): Command {
  return command
    .option(
      "--insecure-registry <host[:port]>",
      "talk to this registry without TLS; to one on this machine it is always allowed (repeatable)",
      append,
      undefined,
    )
    .option(
      "--token-server <registry=origin>",
      "let this server have the registry's credentials, though it is elsewhere (repeatable)",
      append,
      undefined,
    );
}

export function addImageFlags(command: Command): Command {
  return addRegistryFlags(
    command
      .optionsGroup("Images:")
      .addOption(
        oneOf(new Option("--pull <when>", "when to ask the registry (default: missing)"), [
          "always",
          "missing",
          "never",
        ]),
      ),
  );
}

/** What the library is told. Without a flag its own defaults hold, which are those of the environment. */
export function registryOptions({ insecureRegistry, tokenServer }: RegistryFlags): RegistryOptions {
  return {
    ...(insecureRegistry === undefined ? {} : { insecure: insecureRegistry }),
    ...(tokenServer === undefined ? {} : { tokenServers: tokenServer }),
  };
}

export function imageOptions(flags: ImageFlags, onEvent: OnPullEvent): ImageOptions {
  return { registry: registryOptions(flags), onEvent, ...(flags.pull === undefined ? {} : { pull: flags.pull }) };
}

function append(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

export interface ImagesFlags extends RegistryFlags {
  readonly json?: boolean;
  readonly all?: boolean;
  readonly broker?: string;
  readonly verifyKey?: readonly string[];
}

/** Of what an image is made. */
export interface BuildFlags {
  readonly packages?: string;
  readonly suite?: string;
  readonly mirror?: string;
  readonly json?: boolean;
  readonly broker?: string;
}

/** Whose signature an image must have. */
export interface VerifyFlags extends RegistryFlags {
  readonly verifyKey?: readonly string[];
  readonly identity?: string;
  readonly issuer?: string;
  readonly trustedRoot?: string;
  readonly policy?: string;
  readonly json?: boolean;
}
