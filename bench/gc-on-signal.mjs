// For `node --expose-gc --import ./bench/gc-on-signal.mjs`: collects garbage on SIGUSR2, so that what is left is memory
// in use. Twice, because finalizers of the first collection free more.

process.on("SIGUSR2", () => {
  globalThis.gc();
  globalThis.gc();
});
