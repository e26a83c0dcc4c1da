// Joins pieces of regular expressions. The format patterns are composed of named pieces with it.

/** One of the alternatives, as a group. */
export function either(...alternatives: readonly string[]): string {
  return `(?:${alternatives.join("|")})`;
}

/** The piece or nothing. */
export function optional(piece: string): string {
  return `(?:${piece})?`;
}

/** The piece any number of times. */
export function anyNumberOf(piece: string): string {
  return `(?:${piece})*`;
}
