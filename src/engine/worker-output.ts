// What a worker prints by itself: the last words of native code, and the stack of a bug. llama.cpp also prints what it cannot
// read, a client's grammar among it, and that is nobody's business: only lines of known beginnings go to the log.

/** As ggml, llama.cpp, CUDA, the C++ runtime and Node begin theirs. */
const KNOWN = [
  /^(ggml|llama|gguf|CUDA|cuda|Metal|Vulkan)[\w .-]*:/,
  /^\S+\.(cpp|c|cu|cuh|h|m|mm):\d+: /,
  /^(terminate called|libc\+\+abi|\s+what\(\):|Segmentation fault|Aborted)/,
  /^\s+at /,
  /^Node\.js v/,
];
/** Its message may quote what it is about. */
const ERROR = /^(?:Uncaught )?(\w*Error)\b/;

/** @returns what of a line may be logged; null for nothing */
export function loggable(line: string): string | null {
  if (KNOWN.some((beginning) => beginning.test(line))) return line;
  return ERROR.exec(line)?.[1] ?? null;
}
