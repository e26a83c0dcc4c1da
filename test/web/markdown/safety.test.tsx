// Nothing in an answer runs or loads anything, and links lead only to web and mail addresses.

import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { safeUrl } from "../../../src/web/markdown/page-rules.ts";
import { loadHighlighter, loadTypesetter, openTyped, openView, type View } from "./render.tsx";

const ATTACKS: readonly string[] = [
  "<script>alert(1)</script>",
  "text <script src=//evil.example/x.js></script> text",
  "<img src=x onerror=alert(1)>",
  '<svg onload="alert(1)"><a xlink:href="javascript:alert(1)">x</a></svg>',
  '<iframe src="javascript:alert(1)"></iframe>',
  "<object data=x></object><embed src=x><style>*{}</style><link rel=stylesheet href=x>",
  '<a href="javascript:alert(1)" onclick=alert(1)>x</a>',
  "- <details open ontoggle=alert(1)>\n  <form action=javascript:alert(1)><button>x",
  "| a |\n|---|\n| <img src=x onerror=alert(1)> <script>1</script> [x](javascript:1) |",
  "[x](javascript:alert(1)) [x](JaVaScRiPt:alert(1)) [x]( javascript:alert(1))",
  "[x](&#106;avascript:alert(1)) [x](&#x6A;avascript&colon;alert(1)) [x](java&Tab;script:1)",
  "[x](<java\tscript:alert(1)>) [x](java%0ascript:1) [x](java&NewLine;script:1) [x](\u0001javascript:1)",
  "[x](<https:\tjavascript:1>) [x](https:evil) [x](http:/x) [x](//evil.example) [x](/path) [x](#id) [x](?q)",
  "[x](data:text/html;base64,PHNjcmlwdD4=) [x](vbscript:msgbox) [x](file:///etc/passwd) [x](blob:x)",
  "<javascript:alert(1)> <data:text/html,x> <ftp://x.example> <vbscript:x>",
  "![x](javascript:alert(1)) ![x](data:image/svg+xml,<svg/onload=1>) ![x](https://evil.example/pixel.png)",
  '![" onerror="alert(1)](https://x.example/"onerror="1) [a](https://x.example/"onclick="1 "t\\" onclick=1")',
  "[![x](https://a.example/i.png)](javascript:1) [![x](javascript:1)](https://a.example)",
  "[x][1] ![y][1] [^n]\n\n[1]: javascript:alert(1)\n[^n]: <b onclick=1>note</b>",
  "# <img onerror=1 src=x>\n\n> <script>1</script>\n\n`<img src=x onerror=1>`",
  '```html onload="x"\n<script>alert(1)</script><img src=x onerror=1>\n```',
  '```"><img/src=x/onerror=1>\nx\n```',
  "$\\href{javascript:alert(1)}{x}$ \\(\\url{javascript:alert(1)}\\) $\\href{https://evil.example}{x}$",
  "$$\\includegraphics[width=1em]{https://evil.example/i.png}$$ $\\htmlClass{composer}{x}$ $\\htmlId{x}{y}$",
  "$\\htmlStyle{position:fixed}{x}$ $\\htmlData{onclick=alert(1)}{x}$ $\\text{<img src=x onerror=1>}$",
  "$\\sqrt{x}<script>1</script>$ $\\color{red;background:url(//evil.example)}x$ $\\def\\a{\\a\\a}\\a$",
  "$\\kern{-9999em}\\rule{9999em}{9999em}$ $\\raisebox{9999em}{x}$",
  "<!-- <script>1</script> --> <![CDATA[<img>]]> <?php x ?>",
];

const FORBIDDEN = new Set(
  "SCRIPT IFRAME IMG SVG STYLE OBJECT EMBED LINK FORM META BASE VIDEO AUDIO DETAILS".split(" "),
);

let view: View;

beforeAll(async () => {
  await loadHighlighter();
  await loadTypesetter();
});

beforeEach(() => {
  view = openView();
});

afterEach(() => view.close());

it.each(ATTACKS)("is harmless while it streams and at its end: %j", (attack) => {
  // Every prefix but those that end within a word, which parse like a shorter word.
  for (const { index } of attack.matchAll(/\W|\b/g)) {
    view.show(attack.slice(0, index), true);
    expect(harmsOf(view.element())).toEqual([]);
  }
  view.show(attack, false);
  expect(harmsOf(view.element())).toEqual([]);
});

it("shows HTML as plain text", () => {
  const html = '<div onclick="x()">\n  <b>bold</b>\n</div>';
  view.show(`${html}\n\nAnd <i>inline</i>.`, false);
  expect(view.element().textContent).toBe(`${html}\nAnd <i>inline</i>.`);
});

it("links to web and mail addresses, in a new tab that gets no referrer and no opener", () => {
  view.show("[a](https://a.example/x?y#z) <me@b.example> www.c.example", false);
  const links = [...view.element().querySelectorAll("a")];
  expect(links.map((link) => link.getAttribute("href"))).toEqual([
    "https://a.example/x?y#z",
    "mailto:me@b.example",
    "http://www.c.example",
  ]);
  for (const link of links) {
    expect(link.target).toBe("_blank");
    expect(link.rel).toBe("noopener noreferrer nofollow");
  }
});

it("says what an image shows and where it is, and opens it only on request", () => {
  view.show("![cat](https://a.example/c.png) ![dog](dog.png) ![](https://b.example)", false);
  expect(view.element().textContent).toBe(
    "Image not loaded: cat (a.example) Open Image not loaded: dog Image not loaded (b.example) Open",
  );
  const [open] = view.element().querySelectorAll("a");
  expect(open?.href).toBe("https://a.example/c.png");
  expect(open?.rel).toBe("noopener noreferrer nofollow");
  expect(open?.title).toContain("a.example your address");
});

it("a typed text is as harmless", () => {
  for (const attack of ATTACKS) {
    const typed = openTyped(attack);
    expect(harmsOf(typed.element())).toEqual([]);
    typed.close();
  }
});

it.each(ATTACKS)("is harmless in JSON: %j", (attack) => {
  view.show(JSON.stringify({ [attack]: [attack] }), false);
  expect(view.element().querySelector("code")).not.toBe(null);
  expect(harmsOf(view.element())).toEqual([]);
});

it("recognizes safe URLs", () => {
  expect(["https://x", "HTTP://x", "mailto:a@b"].map(safeUrl)).not.toContain(null);
  const others = [
    "",
    "x",
    "https:x",
    "https://",
    " https://x",
    "\nhttps://x",
    "javascript://https://x",
  ];
  expect(others.map(safeUrl)).toEqual(others.map(() => null));
});

function harmsOf(element: Element): string[] {
  const elements = [...element.querySelectorAll("*")];
  const forbidden = elements.filter(isForbidden).map(({ tagName }) => tagName);
  const attributes = elements.flatMap((one) =>
    [...one.attributes].filter((attribute) => isHarmful(attribute, one)),
  );
  return [...forbidden, ...attributes.map(({ name, value }) => `${name}=${value}`)];
}

/** KaTeX draws with SVG and sets sizes and colours. */
function isForbidden(element: Element): boolean {
  const name = element.tagName.toUpperCase();
  return FORBIDDEN.has(name) && !(name === "SVG" && isTypeset(element));
}

function isHarmful({ name, value }: Attr, element: Element): boolean {
  if (name.endsWith("href")) return !/^(?:https?:\/\/|mailto:)/.test(value) || isTypeset(element);
  if (name === "style" && isTypeset(element))
    return /url|position: ?fixed|(?<![-.\d])\d{3,}/.test(value);
  return /^on|^src|^style$|action$|^id$|^data-on/.test(name);
}

function isTypeset(element: Element): boolean {
  return element.parentElement?.closest(".katex") != null;
}
