/** A phrase that a reader stumbles over, and what to write in its place. Only this table may spell one out. */
export interface Phrase {
  readonly pattern: RegExp;
  readonly instead: string;
}

/** Wrong wherever a person reads: in documents, and in comments and texts of sources. */
export const PHRASES: readonly Phrase[] = [
  { pattern: /\b(?:is|are|was|were|be) had\b/i, instead: "obtain, get, be available" },
  { pattern: /\b(?:nobody's|somebody's|anybody's|everybody's)\b/i, instead: "unmapped, another user's, any user's" },
  { pattern: /\b(?:go|goes|going|went|gone) on from\b/i, instead: "resume, continue" },
  { pattern: /\bmend(?:s|ed|ing)?\b/i, instead: "fix" },
  { pattern: /\bof (?:ours|one's own)\b/i, instead: "Bulkhead's, created by this process" },
  { pattern: /\bwhat (?:it|they|one) (?:is|are) to be\b/i, instead: "the expected value, named" },
  { pattern: /\bwhat is believed\b/i, instead: "what Bulkhead checks and trusts, named" },
  { pattern: /\bwhyever\b/i, instead: "for any reason" },
  { pattern: /\bnobody (?:outside|inside|on the host|in particular)\b/i, instead: "an unprivileged user" },
];

/** Wrong in the title of a test, which says who does what. */
export const TITLE_PHRASES: readonly Phrase[] = [
  ...PHRASES,
  { pattern: /\b(?:is|are|was|were) told\b/i, instead: "gets, learns, notices" },
  { pattern: /\bgo(?:es)? on\b/i, instead: "continue, resume" },
  { pattern: /\b(?:nobody|somebody|anybody|whoever)\b/i, instead: "the caller, the user, the process" },
  { pattern: /\bis not to be\b/i, instead: "must not, never" },
  { pattern: /\b(?:nothing|anything) but\b/i, instead: "only" },
];

/** Wrong in documents. Sources have identifiers, and comments that quote, which make these too strict there. */
export const DOCUMENT_PHRASES: readonly Phrase[] = [
  ...PHRASES,
  { pattern: /\b(?:trusts?|trusted(?: are)?|these|the|those|private|its) authorities\b/i, instead: "CAs, CA bundle" },
  { pattern: /\b(?:is|are) told\b(?! apart)/i, instead: "who tells or reports it, in the active voice" },
  { pattern: /(?:^|[.:;] )Of (?!course\b)/m, instead: "a sentence that starts with its subject" },
  {
    pattern: /(?:^|[.:;] )(?:Whoever|Who (?:cannot|does|fears|may|needs|restores|runs|uses|wants))\b/,
    instead: "a subject: the user, the caller",
  },
  { pattern: /\bthe design\b|\bDESIGN\b|§4\.8/, instead: "what the design says: it is not in the repository" },
];
