// Prints the plain total as the last line, for CI systems that cannot read vitest's own.
import type { Reporter, TestModule } from "vitest/node";

export default class TotalReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    let passed = 0;
    let failed = 0;
    let skipped = 0;
    for (const module of modules) {
      if (module.errors().length > 0) failed += 1; // a file that failed to load
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") passed += 1;
        else if (state === "failed") failed += 1;
        else skipped += 1;
      }
    }
    const total = `${passed} passed, ${failed} failed`;
    process.on("exit", () => console.log(skipped > 0 ? `${total}, ${skipped} skipped` : total));
  }
}
