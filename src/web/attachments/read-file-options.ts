// How a file is read: it can be stopped, and tells how far it is.

export type PageProgress = { readonly done: number; readonly total: number };

export type ReadFileOptions = {
  readonly signal: AbortSignal;
  /** Called after each page of a PDF. */
  readonly onProgress: (progress: PageProgress) => void;
};
