/** The statement about the files of a release: in-toto, with SLSA's provenance as predicate. */
export interface ReleaseStatement {
  readonly _type: "https://in-toto.io/Statement/v1";
  /** Every file of the packages: `bulkhead/dist/library.js`, `@bulkhead/warden-linux-x64/bin/warden`. */
  readonly subject: readonly { readonly name: string; readonly digest: { readonly sha256: string } }[];
  readonly predicateType: "https://slsa.dev/provenance/v1";
  readonly predicate: {
    readonly buildDefinition: {
      readonly buildType: string;
      readonly externalParameters: Readonly<Record<string, unknown>>;
      readonly resolvedDependencies: readonly { readonly uri: string; readonly digest: { readonly sha256: string } }[];
    };
    readonly runDetails: { readonly builder: { readonly id: string } };
  };
}

/** In the package `bulkhead`: the statement, in an envelope if the release is signed. */
export const RELEASE_FILE = "release.json";
