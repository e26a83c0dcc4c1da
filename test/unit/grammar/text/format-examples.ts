// The shape of the examples of formats.

/** By format name: texts that its pattern accepts, and texts that it refuses. */
export type FormatExamples = Readonly<
  Record<string, { readonly valid: readonly string[]; readonly invalid: readonly string[] }>
>;
