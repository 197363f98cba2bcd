/** How an image wants to be run. Its strings contain no NUL, and all together fit into one `execve`. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Absolute and normal; null if the image names none. */
  readonly workdir: string | null;
  /** `name`, `uid`, `name:group`, …: to resolve inside the image. */
  readonly user: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Directories that are writable whatever the root is: absolute, normal, sorted. */
  readonly volumes: readonly string[];
  /** One line for each part that Bulkhead ignored, naming the field. */
  readonly notes: readonly string[];
}
