// The style sheet of the page at /docs: light or dark like the reader's system, one column on a phone.

export const STYLE = `
:root {
  color-scheme: light dark;
  --text: #1c2024; --faint: #60646c; --line: #d9dce1; --ground: #fff; --raised: #f5f6f8;
  --link: #0b62c4; --get: #0b62c4; --post: #157a43; --required: #b42318;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e6e8eb; --faint: #a0a6b0; --line: #34383f; --ground: #15181c; --raised: #1f2329;
    --link: #79b8ff; --get: #79b8ff; --post: #6fd39a; --required: #ff8a7a;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body {
  margin: 0; color: var(--text); background: var(--ground);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 0.875em; }
pre {
  margin: 1rem 0; padding: 0.75rem 1rem; background: var(--raised); border: 1px solid var(--line);
  border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere;
}
nav { padding: 1rem; border-bottom: 1px solid var(--line); font-size: 0.875rem; }
nav h2 { margin: 1rem 0 0.25rem; font-size: 0.8rem; color: var(--faint); }
nav ul { margin: 0; padding: 0; list-style: none; }
nav li { padding: 0.15rem 0; overflow-wrap: anywhere; }
main { padding: 1rem; max-width: 60rem; }
main > h2 { margin-top: 3rem; padding-bottom: 0.25rem; border-bottom: 2px solid var(--line); }
section { padding-top: 1.5rem; }
section h3 { margin: 0; font-size: 1.15rem; overflow-wrap: anywhere; }
section h3 a { color: inherit; }
section h4 { margin: 1.5rem 0 0; }
.method { display: inline-block; min-width: 2.6rem; font-weight: 700; font-size: 0.8em; }
.get { color: var(--get); }
.delete { color: var(--required); }
.post { color: var(--post); }
.required { color: var(--required); font-size: 0.75rem; }
.table { overflow-x: auto; margin: 0.5rem 0 1rem; }
table { border-collapse: collapse; width: 100%; font-size: 0.875rem; }
th, td { padding: 0.35rem 0.75rem 0.35rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { color: var(--faint); font-weight: 600; }
td:first-child { min-width: 13rem; }
.label { display: none; }
summary { cursor: pointer; color: var(--link); padding: 0.25rem 0; }
em { color: var(--faint); }
@media (min-width: 64rem) {
  body { display: grid; grid-template-columns: 22rem minmax(0, 1fr); }
  nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; border-bottom: 0; border-right: 1px solid var(--line); }
  main { padding: 2rem 3rem 6rem; }
}
@media (max-width: 40rem) {
  thead { display: none; }
  tr { display: block; padding: 0.5rem 0; border-bottom: 1px solid var(--line); }
  td, td:first-child { display: block; min-width: 0; overflow-wrap: anywhere; padding: 0.1rem 0; border: 0; }
  td:empty { display: none; }
  .label { display: inline; color: var(--faint); }
}
`;
