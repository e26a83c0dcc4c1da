// Documents with every kind of Markdown, as models write it and in its strangest forms.

/** Blocks that can be rendered separately. */
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

A price of $5 to $10, inline $a_b$ and \\(c*d*\\), $$e$$ within a line.
$$
\\begin{aligned}
+ f &= \\sqrt{g} \\\\

- h &= \\vec{i}
\\end{aligned}
$$

- item

  \\[
  j

  + k
  \\]
- wrong $\\frac{1$

> $$l
> = m$$

##### Five ######

Last words with an open **bold and \`code`;

/** The kinds of `TORTURE` in few characters, for tests that render every prefix. */
export const COMPACT = `# a **b**

c
===

*d* __e__ ~~f~~ \`g\` ~h \\*i\\*\\
j  
k [l](https://a.b "m") ![n](https://c.d)

- o
  - p
    1. q

1. r

2. s

- [x] t

> u
> - v
w

| x | \`y\\|\` |
|:--|--:|
| z |

\`\`\`js
let a = 1; // b

c
\`\`\`

~~~
\`\`\`
~~~

    e

$$
+ m

n
$$

- \\[
  o
  \\] and $p_q$ r_

***
<b>f</b> &amp; <https://g.h> i@j.k 🎉
and **open`;

/** Blocks that depend on each other. */
export const WITH_DEFINITIONS = `A [reference][ref] and a [ref], and a note[^1].

- list with [ref]

[ref]: https://example.com/ref "Title"

[^1]: The note
    goes on.

And an end.`;
