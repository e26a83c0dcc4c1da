// One document with everything that Markdown has, as models write it and as nobody should.

/** Blocks that can stand apart from each other. */
export const TORTURE = `# Title with **bold** and \`code\`

Setext heading
===

Second *setext*
---

A paragraph with **bold**, *italic*, ***both***, __under__, _score_, ~~struck~~, \`co\`de\`, \`\` tick \` inside \`\`,
a hard break\\
and another one  
here. snake_case_name, 2 * 3 * 4, ~20 to ~30, **bold *with italic* inside**, *a**b*c**.

- one
- two
  - nested
    1. deeper
    2. still
- three with \`code\` and a [link](https://example.com/a_(b) "title")

1. loose

2. list

   with a paragraph

   \`\`\`ts
   const x: number = 1;
   const table = { [key]: value };
   \`\`\`

7. seven
8) other delimiter

* star
+ plus

- [ ] to do
- [x] done **bold**

> quote
> - with a list
>   > nested
lazy line

| left | \`a \\| b\` | right |
|:-----|:--------:|------:|
| a    | **b**    | 1     |
| \`x\\|y\` | ![pic](https://example.com/p.png) | |
| only one |

\`\`\`js
const s = \`template \${x}\`;

// comment
function f() { return "done"; }
\`\`\`

~~~
tildes with \`\`\` inside
~~~

\`\`\`\`markdown
\`\`\`js
nested
\`\`\`
\`\`\`\`

    indented code

        more of it

Between code.

***

<div onclick="x()">html</div>

Inline <b>html</b>, &amp; &copy; &#35; entities, \\*escaped\\*, <https://auto.example>, https://bare.example/x,
www.example.com, me@example.com. Emoji 👩‍👩‍👧 🎉, שלום עולם, 中文字符，日本語。 \u0000
${"long".repeat(60)}

![image](https://example.com/i.png "t") and [![badge](https://x.y/b.png)](https://x.y)

##### Five ######

Last words with an open **bold and \`code`;

/** Blocks that need each other. */
export const WITH_DEFINITIONS = `A [reference][ref] and a [ref], and a note[^1].

- list with [ref]

[ref]: https://example.com/ref "Title"

[^1]: The note
    goes on.

And an end.`;
