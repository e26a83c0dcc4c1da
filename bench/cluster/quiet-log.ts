// A log that only shows errors: the processes of the benchmark print figures.

export const QUIET_LOG = {
  info: () => {},
  warn: () => {},
  error: (...line: unknown[]) => console.error(...line),
};
