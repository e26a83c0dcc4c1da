// A block of code outside of answers.

type CodeProps = { readonly code: string; readonly language: string };

export function CodeText({ code, language }: CodeProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so keyboard users must reach it
    <section className="code-text" tabIndex={0} aria-label={language}>
      <pre>
        <code>{code}</code>
      </pre>
    </section>
  );
}
