/** Something that is missing, and how to install it. */
export interface MissingRequirement {
  readonly what: string;
  readonly remedy: string;
}
