// Reports a regular expression that cannot be enforced.

/** The message says why, worded to follow "the pattern cannot be enforced:". */
export class PatternError extends Error {}
