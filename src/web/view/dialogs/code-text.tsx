// A piece of code that is not part of an answer.

type CodeProps = { readonly code: string; readonly language: string };

export function CodeText({ code, language }: CodeProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and a keyboard has to get there
    <section className="code-text" tabIndex={0} aria-label={language}>
      <pre>
        <code>{code}</code>
      </pre>
    </section>
  );
}
