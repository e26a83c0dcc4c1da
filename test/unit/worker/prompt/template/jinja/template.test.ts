// Chat templates render as with Python's Jinja2: the expected texts are what it prints.

import { describe, expect, test } from "vitest";
import {
  parseTemplate,
  TemplateRaised,
} from "../../../../../../src/worker/prompt/template/jinja/template.ts";

const VARIABLES = {
  numbers: [3, 1, 2],
  words: ["b", "A", "c"],
  member: { city: "Oslo", days: 3, ok: true, none: null, ratio: 1.5 },
  rows: [
    { name: "x", rank: 2 },
    { name: "y", rank: 1 },
  ],
  text: "Hello World",
  nothing: null,
  on: true,
  seven: 7,
};

function render(source: string, variables: object = VARIABLES): string {
  const now = () => new Date(2026, 10, 9, 16, 5, 9);
  return parseTemplate(source, now).render({ ...variables });
}

describe("values print as in Python", () => {
  test.each([
    ["{{ on }} {{ nothing }} {{ 2.0 }} {{ 1 / 3 }}", "True None 2.0 0.3333333333333333"],
    ["{{ numbers }} {{ rows[1] }}", "[3, 1, 2] {'name': 'y', 'rank': 1}"],
    ["{{ ['it\\'s', 'a\"b', none, true] }}", `["it's", 'a"b', None, True]`],
    ["{{ missing }}|{{ member.missing }}", "|"],
    ["{{ 'a' ~ 1 ~ none ~ 1.5 }}", "a1None1.5"],
    ["{{ member.ratio * 2 }} {{ 100000000000000000 * 1.0 }} {{ 0.00001 * 1 }}", "3.0 1e+17 1e-05"],
  ])("%s", (source, expected) => {
    expect(render(source)).toBe(expected);
  });
});

describe("operators", () => {
  test.each([
    ["{{ -7 // 2 }} {{ -7 % 3 }} {{ 2 ** 3 }} {{ 7 / 2 }}", "-4 2 8 3.5"],
    ["{{ 'ab' * 2 }} {{ [1] + [2] }}", "abab [1, 2]"],
    ["{{ [1, 2] == [1, 2] }} {{ {'a': 1} == {'a': 1.0} }} {{ none == false }}", "True True False"],
    ["{{ [1] in [[1]] }} {{ 'days' in member }} {{ 'x' in missing }}", "True True False"],
    ["{{ '%s is %d' % ('a', 3) }} {{ 'b' > 'a' }}", "a is 3 True"],
    ["{{ {0: 'none', 512: 'short'}[512] }} {{ {0: 'none'}.get(0) }}", "short none"],
    [
      "{{ numbers[5] is defined }} {{ numbers[-1] }} {{ text[1:4] }} {{ member[missing] }}|",
      "False 2 ell |",
    ],
  ])("%s", (source, expected) => {
    expect(render(source)).toBe(expected);
  });

  test.each([
    ["{{ text + 1 }}", "unsupported operand types for +: 'str' and 'int'"],
    ["{{ text + numbers }}", "unsupported operand types for +: 'str' and 'list'"],
    ["{{ missing.field }}", "'missing' is undefined"],
    ["{{ 1 / 0 }}", "division by zero"],
    ["{% for x in 5 %}{% endfor %}", "'int' object is not iterable"],
    ["{{ range(10000000) }}", "range() has more than 100000 numbers"],
    ["{% for a, b in [[1, 2, 3]] %}{% endfor %}", "cannot unpack 3 values into 2 names"],
    ["{{ missing | tojson }}", "Object of type Undefined is not JSON serializable"],
  ])("%s is an error, as in Python", (source, message) => {
    expect(() => render(source)).toThrow(message);
  });
});

describe("loops", () => {
  test.each([
    ["{% for x in missing %}x{% else %}none{% endfor %}", "none"],
    ["{% for key in member %}{{ key }} {% endfor %}", "city days ok none ratio "],
    [
      "{% for key, value in member.items() %}{{ key }}={{ value }};{% endfor %}",
      "city=Oslo;days=3;ok=True;none=None;ratio=1.5;",
    ],
    ["{% for a, (b, c) in [(1, (2, 3))] %}{{ a + b + c }}{% endfor %}", "6"],
    ["{% for c in 'ab' %}{{ loop.index }}{{ c }}{{ loop.last }} {% endfor %}", "1aFalse 2bTrue "],
    ["{% for x in numbers if x > 1 %}{{ x }}{{ loop.length }}{% endfor %}", "3222"],
    ["{% for x in numbers %}{{ x }}{% if x == 1 %}!{% break %}{% endif %},{% endfor %}", "3,1!"],
    ["{% for x in numbers %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}", "32"],
    ["{% for x in numbers %}{{ loop.cycle('a', 'b') }}{{ loop.previtem }}{% endfor %}", "ab3a1"],
  ])("%s", (source, expected) => {
    expect(render(source)).toBe(expected);
  });

  test("what a round sets is gone in the next one, unless it is in a namespace", () => {
    const source =
      "{% set ns = namespace(n=0) %}{% for x in numbers %}{{ seen is defined }}{% set seen = x %}" +
      "{% set ns.n = ns.n + x %}{% endfor %}{{ ns.n }}";

    expect(render(source)).toBe("FalseFalseFalse6");
  });
});

describe("macros, blocks and tests", () => {
  test.each([
    [
      "{% set v = 1 %}{% macro m(a, b='-') %}{{ v }}{{ a }}{{ b }}{% endmacro %}{% for v in [9] %}{{ m('x') }}{% endfor %}",
      "1x-",
    ],
    ["{% macro wrap() %}<{{ caller() }}>{% endmacro %}{% call wrap() %}in{% endcall %}", "<in>"],
    ["{% generation %}a{% endgeneration %}b", "ab"],
    ["{% raw %}{{ not read }}{% endraw %}!", "{{ not read }}!"],
    ["{% set block %}  hi {{ seven }}{% endset %}[{{ block }}]", "[  hi 7]"],
    [
      "{{ 'x' is in ['x'] }} {{ seven is eq(7) }} {{ seven is not none }} {{ seven is odd }}",
      "True True True True",
    ],
    [
      "{{ member is mapping }} {{ numbers is sequence }} {{ text is string }} {{ on is number }}",
      "True True True True",
    ],
    ["a\r\n{% if on %}\r\nb\r\n{% endif %}\r\n", "a\nb\n"],
  ])("%s", (source, expected) => {
    expect(render(source)).toBe(expected);
  });
});

describe("filters and methods", () => {
  test.each([
    [
      "{{ rows | map(attribute='name') | join(', ') }} {{ words | map('upper') | list }}",
      "x, y ['B', 'A', 'C']",
    ],
    [
      "{{ rows | selectattr('rank', 'gt', 1) | list | length }} {{ rows | rejectattr('missing') | list | length }}",
      "1 2",
    ],
    ["{{ numbers | select('odd') | list }} {{ nothing | select('odd') | list }}", "[3, 1] []"],
    [
      "{{ words | sort }} {{ rows | sort(attribute='rank') | map(attribute='name') | first }}",
      "['A', 'b', 'c'] y",
    ],
    [
      "{{ numbers | sum }} {{ numbers | max }} {{ numbers | reverse | list }} {{ text | reverse }}",
      "6 3 [2, 1, 3] dlroW olleH",
    ],
    [
      "{{ nothing | string }} {{ on | string }} {{ 5 | string }} {{ missing | upper }}|",
      "None True 5 |",
    ],
    [
      "{{ 'a\nb' | indent }} {{ text | replace('l', 'L', 1) }} {{ ' a ' | trim }}|",
      "a\n    b HeLlo World a|",
    ],
    ["{{ '7' | int + 1 }} {{ 'x' | int(5) }} {{ 2.5 | round }} {{ '1.5' | float }}", "8 5 2.0 1.5"],
    ["{{ missing | default('d') }} {{ '' | default('d', true) }} {{ '<' | e }}", "d d &lt;"],
    [
      "{{ rows | groupby('rank') | list | length }} {{ numbers | batch(2) | list }}",
      "2 [[3, 1], [2]]",
    ],
    ["{{ member | dictsort | first }} {{ member | items | list | length }}", "('city', 'Oslo') 5"],
    [
      "{{ [1, 1, 2] | unique | list }} {{ '{}-{n}'.format('a', n=1) }} {{ '%s!' | format('a') }}",
      "[1, 2] a-1 a!",
    ],
    [
      "{{ ' xax '.strip() }} {{ 'xxa'.lstrip('x') }} {{ 'a-b-c'.rsplit('-', 1) }}",
      "xax a ['a-b', 'c']",
    ],
    [
      "{{ ', '.join(['a', 'b']) }} {{ 'abc'.find('c') }} {{ 'abc'.removeprefix('a') }}",
      "a, b 2 bc",
    ],
    [
      "{{ '12'.isdigit() }} {{ 'a\nb'.splitlines() }} {{ 'hI'.capitalize() }}",
      "True ['a', 'b'] Hi",
    ],
    ["{{ member.get('none', 5) }} {{ member.get('x', 5) }} {{ member.get('x') }}", "None 5 None"],
  ])("%s", (source, expected) => {
    expect(render(source)).toBe(expected);
  });

  test.each([
    [
      "{{ member | tojson }}",
      '{"city": "Oslo", "days": 3, "ok": true, "none": null, "ratio": 1.5}',
    ],
    ["{{ {'b': 1, 'a': 'ü<'} | tojson(sort_keys=true) }}", '{"a": "ü<", "b": 1}'],
    ["{{ 'ü😀' | tojson(ensure_ascii=true) }}", '"\\u00fc\\ud83d\\ude00"'],
    ["{{ {'a': [1, 2]} | tojson(separators=(',', ':')) }}", '{"a":[1,2]}'],
    ["{{ {'a': [1], 'b': {}} | tojson(indent=2) }}", '{\n  "a": [\n    1\n  ],\n  "b": {}\n}'],
    ["{{ (1, 2.0) | tojson }} {{ {1: 'a'} | tojson }}", '[1, 2.0] {"1": "a"}'],
  ])("%s", (source, expected) => {
    expect(render(source)).toBe(expected);
  });
});

describe("format strings and tests with an argument", () => {
  test.each([
    ["{{ '%s-%02d|%5s|%-5s|' % ('a', 3, 'b', 'c') }}", "a-03|    b|c    |"],
    ["{{ '%(city)s %(days)d' % member }} {{ '%s' % [1] }} {{ '%r' % 'q' }}", "Oslo 3 [1] 'q'"],
    ["{{ '%.2f %x %e %+d %%' % (1.5, 255, 12345.678, 3) }}", "1.50 ff 1.234568e+04 +3 %"],
    [
      "{{ '{:.2f} {:>4} {:<4}|{:^5}|{:05d}'.format(1.5, 'a', 'b', 'c', 42) }}",
      "1.50    a b   |  c  |00042",
    ],
    [
      "{{ '{:,} {:x} {:%} {n!r}'.format(1234567, 255, 0.25, n='q') }}",
      "1,234,567 ff 25.000000% 'q'",
    ],
    [
      "{{ seven is divisibleby(7) }} {{ seven is divisibleby 2 }} {{ seven is not divisibleby(2) }}",
      "True False True",
    ],
    [
      "{{ seven is eq 7 }} {{ seven is not equalto(7) }} {{ seven is gt 3 }} {{ seven is not in [7] }}",
      "True False True False",
    ],
    ["{{ rows | sum(attribute='rank') }} {{ numbers | sum(start=10) }}", "3 16"],
  ])("%s", (source, expected) => {
    expect(render(source)).toBe(expected);
  });

  test.each(["{{ '%d' % 'a' }}", "{{ '%s %s' % 'a' }}", "{{ '{} {}'.format(1) }}"])(
    "%s is an error",
    (source) => {
      expect(() => render(source)).toThrow();
    },
  );
});

test("the date is written as strftime does", () => {
  const source = "{{ strftime_now('%d %b %Y, %A %-d %B %y, %H:%M:%S %I %p, %j %F %q %%') }}";

  expect(render(source)).toBe(
    "09 Nov 2026, Monday 9 November 26, 16:05:09 04 PM, 313 2026-11-09 %q %",
  );
});

test("raise_exception is told apart from what the template cannot do", () => {
  expect(() => render("{{ raise_exception('roles must alternate') }}")).toThrow(
    new TemplateRaised("roles must alternate"),
  );
  expect(() => render("{{ text | nosuchfilter }}")).not.toThrow(TemplateRaised);
});

test.each([
  ["{{ a }}\n{% if b %}\n{{ c \n{% endif %}", 3],
  ["{{ a }}\n\n{% nosuchtag %}", 3],
  ["{% for x in y %}\n{{ x }}\n", 2],
])("a template that cannot be parsed is named with its line: %s", (source, line) => {
  expect(() => parseTemplate(source)).toThrow(`line ${line}: `);
});

test("variables of an earlier rendering are gone in the next one", () => {
  const template = parseTemplate("{{ a is defined }}{% set a = 1 %}");

  expect([template.render({}), template.render({})]).toEqual(["False", "False"]);
});

test("evaluates the object of a method once, so that a chain of calls takes linear time", () => {
  let evaluated = 0;
  const source = `{{ text()${".title()".repeat(8)} }}`;

  const rendered = render(source, {
    text: () => {
      evaluated += 1;
      return "a b";
    },
  });

  expect(rendered).toBe("A B");
  expect(evaluated).toBe(1);
});

test("counts and finds characters as Python does, also those of two UTF-16 units", () => {
  const source =
    "{{ text | length }} {{ text[1] }} {{ text | first }} {{ text | last }} {{ text[-2] }} {{ text | reverse }}" +
    "{{ text[9] }}{{ '' | first }}{{ seven[0] }}";

  expect(render(source, { text: "é😀x", seven: 7 })).toBe("3 😀 é x 😀 x😀é");
});

test("reads the length and the ends of a long text without a value for each character", () => {
  const text = "x".repeat(2 ** 26); // as many values would not fit into memory

  expect(render("{{ text | length }}{{ text | last }}{{ text[0] }}", { text })).toBe("67108864xx");
});

test("calls a method that is written like an item", () => {
  expect(
    render("{{ text['strip']() }} {{ member['get']('days') }}", {
      text: " a ",
      member: { days: 3 },
    }),
  ).toBe("a 3");
});
