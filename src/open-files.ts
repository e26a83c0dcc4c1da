// Whether this process may have enough files open to start. With few of them Node finds no way to its own packages, and the
// worker none to its model, and neither says why: so this is asked before anything else is loaded.

/** Loading takes up to two hundred at once; later there is one for each client, and some for the worker. */
const LEAST_OPEN_FILES = 256;

/** @returns what is wrong, as one line; null when nothing is */
export function openFilesProblem(allowed: number | null = openFileLimit()): string | null {
  if (allowed === null || allowed >= LEAST_OPEN_FILES) return null;
  return `this process may have ${allowed} files open: allow it ${LEAST_OPEN_FILES} or more (ulimit -n), and one more for each client`;
}

type Report = {
  /** Without it, a report would look at the network's interfaces; of Node 20.13 and later, and not among Node's types. */
  excludeNetwork?: boolean;
};
type ReportText = {
  readonly userLimits?: { readonly open_files?: { readonly soft: string | number } };
};

/** Null where there is none, or where it is not known. */
function openFileLimit(): number | null {
  const { report } = process;
  if (!report) return null;
  (report as Report).excludeNetwork = true;
  const { userLimits } = report.getReport() as unknown as ReportText; // Node's types call it a string
  const limit = Number(userLimits?.open_files?.soft);
  return Number.isFinite(limit) ? limit : null;
}
