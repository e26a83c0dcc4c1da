// For `node --expose-gc --import ./bench/targets/gc-on-signal.mjs`: collects garbage on SIGUSR2, so that the remaining memory
// is in use. Collects twice, because finalizers of the first collection free more.

process.on("SIGUSR2", () => {
  globalThis.gc();
  globalThis.gc();
});
