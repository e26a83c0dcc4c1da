// How many random cases a test tries. `npm run test:nightly` runs the same tests with many more.

/** Set for the vitest project `nightly` only. */
const FACTOR = Number(process.env.SLUICE_TEST_CASES ?? 1);

/** The number of cases: the given one in `npm test`, five times as many in `npm run test:nightly`. */
export const cases = (count: number): number => count * FACTOR;
