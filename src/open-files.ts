// Checks the limit of open files before anything else is loaded. With a low limit Node cannot load its packages and the worker
// cannot load its model, and neither error names the cause.

/** Startup needs up to 200 open files. After that, each client needs one, and the worker some. */
const MIN_OPEN_FILES = 256;

/** @returns the problem in one line; null if there is none */
export function openFilesProblem(allowed: number | null = openFileLimit()): string | null {
  if (allowed === null || allowed >= MIN_OPEN_FILES) return null;
  return `this process may open only ${allowed} files; raise the limit (ulimit -n) to at least ${MIN_OPEN_FILES}, plus one for each client`;
}

type Report = {
  /** Skips the slow query of network interfaces. Since Node 20.13, missing in Node's types. */
  excludeNetwork?: boolean;
};
type ReportText = {
  readonly userLimits?: { readonly open_files?: { readonly soft: string | number } };
};

/** Null if there is no limit or it is unknown. */
export function openFileLimit(): number | null {
  const { report } = process;
  if (!report) return null;
  (report as Report).excludeNetwork = true;
  const { userLimits } = report.getReport() as unknown as ReportText; // Node's types call it a string
  const limit = Number(userLimits?.open_files?.soft);
  return Number.isFinite(limit) ? limit : null;
}
