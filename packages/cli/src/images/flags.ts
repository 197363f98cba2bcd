import type { ImageOptions } from "bulkhead";
import type { OnPullEvent, RegistryOptions } from "bulkhead/images";
import { type Command, Option } from "commander";
import { defined } from "../defined.js";
import { oneOf } from "../policy/choice.js";

/** Flags for connections to a registry. */
export interface RegistryFlags {
  readonly insecureRegistry?: readonly string[];
  readonly tokenServer?: readonly string[];
}

/** Flags for the image of a run. */
export interface ImageFlags extends RegistryFlags {
  readonly pull?: "always" | "missing" | "never";
}

export function addRegistryFlags(command: Command): Command {
  return command
    .option(
      "--insecure-registry <host[:port]>",
      "connect to this registry without TLS; one on this machine may always do without (repeatable)",
      append,
      undefined,
    )
    .option(
      "--token-server <registry=origin>",
      "send the registry's credentials to this token server on another host (repeatable)",
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

/** The library's options. Without a flag, the library takes its defaults from the environment. */
export function registryOptions({ insecureRegistry, tokenServer }: RegistryFlags): RegistryOptions {
  return {
    ...defined({ insecure: insecureRegistry, tokenServers: tokenServer }),
  };
}

export function imageOptions(flags: ImageFlags, onEvent: OnPullEvent): ImageOptions {
  return { registry: registryOptions(flags), onEvent, ...defined({ pull: flags.pull }) };
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

/** Flags of `images build-base`. */
export interface BuildFlags {
  readonly packages?: string;
  readonly suite?: string;
  readonly mirror?: string;
  readonly json?: boolean;
  readonly broker?: string;
}

/** Flags that say who must have signed an image. */
export interface VerifyFlags extends RegistryFlags {
  readonly verifyKey?: readonly string[];
  readonly identity?: string;
  readonly issuer?: string;
  readonly trustedRoot?: string;
  readonly policy?: string;
  readonly json?: boolean;
}
