// What the checks need of a browser, whatever drives it.

/** One page of a browser that knows nothing yet: no conversations, no theme, no key. */
export interface Tab {
  open(url: string): Promise<void>;
  reload(): Promise<void>;
  /** Runs it in the page. It sees its arguments and the page, nothing of this file; both ways plain data. */
  run<Args extends readonly unknown[], Value>(
    code: (...args: Args) => Value | Promise<Value>,
    ...args: Args
  ): Promise<Value>;
  click(selector: string): Promise<void>;
  /** In the place of what the field has in it. */
  type(selector: string, text: string): Promise<void>;
  press(key: "Enter" | "Escape"): Promise<void>;
  /** As narrow as that, or as narrow as its window gets. */
  narrow(width: number): Promise<void>;
  /** Errors in its console since it was opened, as far as this browser tells them. */
  complaints(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface Browser {
  readonly name: string;
  readonly version: string;
  openTab(): Promise<Tab>;
  close(): Promise<void>;
}

/** An expression for a page. The transpiler wraps named functions in `__name`, which no page has. */
export function callOf(code: (...args: never[]) => unknown, args: readonly unknown[]): string {
  const list = args.map((each) => JSON.stringify(each)).join(", ");
  return `(() => { const __name = (it) => it; return (${code})(${list}); })()`;
}
