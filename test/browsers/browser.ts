// The browser interface used by the checks, independent of the driver.

/** One page in a fresh browser profile: no conversations, no theme, no key. */
export interface Tab {
  open(url: string): Promise<void>;
  reload(): Promise<void>;
  /**
   * Runs a function in the page. It can use its arguments and the page, but nothing else of its file; arguments and result
   * are plain data.
   */
  run<Args extends readonly unknown[], Value>(
    code: (...args: Args) => Value | Promise<Value>,
    ...args: Args
  ): Promise<Value>;
  click(selector: string): Promise<void>;
  /** Replaces the content of a field. */
  type(selector: string, text: string): Promise<void>;
  press(key: "Enter" | "Escape"): Promise<void>;
  /** Sets the window width, or the smallest width the window allows. */
  narrow(width: number): Promise<void>;
  /** Console errors since it was opened, as far as the browser reports them. */
  consoleErrors(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface Browser {
  readonly name: string;
  readonly version: string;
  openTab(): Promise<Tab>;
  close(): Promise<void>;
}

/**
 * An expression that calls a function in a page. The transpiler wraps named functions in `__name`, which does not exist in
 * pages.
 */
export function callOf(code: (...args: never[]) => unknown, args: readonly unknown[]): string {
  const list = args.map((each) => JSON.stringify(each)).join(", ");
  return `(() => { const __name = (it) => it; return (${code})(${list}); })()`;
}
