// The interpreter of @huggingface/jinja with the semantics of Python's Jinja2, in which chat templates are written and tested.
// The package is made for its own templates: it prints, compares and adds as JavaScript does, and knows some types only.
// It overrides methods that the package declares private, so package.json pins its version.

import { Environment, Interpreter } from "@huggingface/jinja";
import { calculated } from "./arithmetic.ts";
import { type ApplyFilter, dictOf, ownFilter } from "./filters.ts";
import { loopOf } from "./loop.ts";
import { methodOf } from "./methods.ts";
import { passes } from "./tests.ts";
import {
  type Arguments,
  areEqual,
  compare,
  contains,
  dict,
  elementAt,
  elementsOf,
  entriesIn,
  functionOf,
  isDict,
  isList,
  isNumber,
  isText,
  isTrue,
  isUndefined,
  keyOf,
  textOf,
  UNDEFINED,
  type Value,
  valueFrom,
} from "./values.ts";

/** A node of the package's syntax tree. */
export type Node = { readonly type: string } & Readonly<Record<string, unknown>>;

type Scope = Environment;

/** The methods of the package's interpreter that are used or overridden here. */
type Internals = {
  run(program: Node): Value;
  evaluate(node: Node | undefined, scope: Scope): Value;
  evaluateBlock(nodes: readonly Node[], scope: Scope): Value;
  evaluateBinaryExpression(node: Node, scope: Scope): Value;
  evaluateMemberExpression(node: Node, scope: Scope): Value;
  evaluateTestExpression(node: Node, scope: Scope): Value;
  evaluateUnaryExpression(node: Node, scope: Scope): Value;
  evaluateFor(node: Node, scope: Scope): Value;
  evaluateSet(node: Node, scope: Scope): Value;
  evaluateMacro(node: Node, scope: Scope): Value;
  evaluateArguments(nodes: readonly Node[], scope: Scope): [Value[], Map<string, Value>];
  evaluateCallExpression(node: Node, scope: Scope): Value;
  applyFilter(operand: Value, filter: Node, scope: Scope): Value;
};

const PackageInterpreter = Interpreter as unknown as new (scope: Scope) => Internals; // they are private in its types

/** Thrown by `{% break %}` and `{% continue %}`, and caught by the loop. What the round has printed until then stays. */
class LoopControl extends Error {
  readonly isBreak: boolean;
  printed = "";

  constructor(isBreak: boolean) {
    super("outside of a loop");
    this.isBreak = isBreak;
  }
}

/** Nodes that print nothing, or the text of their block. Others are expressions, whose values are printed. */
const STATEMENTS = ["Set", "If", "For", "Macro", "Comment", "CallStatement", "FilterStatement"];

export class PythonInterpreter extends PackageInterpreter {
  override evaluate(node: Node | undefined, scope: Scope): Value {
    switch (node?.type) {
      case "Evaluated":
        return node.result as Value; // see evaluateCallExpression
      case "ObjectLiteral":
        return this.#dictLiteral(node, scope);
      case "Break":
      case "Continue":
        throw new LoopControl(node.type === "Break");
      default:
        return super.evaluate(node, scope);
    }
  }

  /** Keys may be numbers, as in `{0: "none", 512: "short"}[budget]`. */
  #dictLiteral(node: Node, scope: Scope): Value {
    const members = [...(node.value as Iterable<readonly [Node, Node]>)];
    return dict(
      members.map(([key, member]) => [
        keyOf(this.evaluate(key, scope)),
        this.evaluate(member, scope),
      ]),
    );
  }

  /** Expressions print as Python's `str()`: True, None, 1.0, ['a']. */
  override evaluateBlock(nodes: readonly Node[], scope: Scope): Value {
    let text = "";
    try {
      for (const node of nodes) {
        const value = this.evaluate(node, scope);
        if (!STATEMENTS.includes(node.type) || isText(value)) text += textOf(value);
      }
    } catch (error) {
      if (error instanceof LoopControl) error.printed = text + error.printed;
      throw error;
    }
    return valueFrom(text);
  }

  override evaluateBinaryExpression(node: Node, scope: Scope): Value {
    const operator = (node.operator as { readonly value: string }).value;
    const left = this.evaluate(node.left as Node, scope);
    if (operator === "and" || operator === "or") {
      const isDecided = isTrue(left) === (operator === "or");
      return isDecided ? left : this.evaluate(node.right as Node, scope);
    }
    const right = this.evaluate(node.right as Node, scope);
    switch (operator) {
      case "==":
        return valueFrom(areEqual(left, right));
      case "!=":
        return valueFrom(!areEqual(left, right));
      case "in":
        return valueFrom(contains(right, left));
      case "not in":
        return valueFrom(!contains(right, left));
      case "~":
        return valueFrom(textOf(left) + textOf(right));
      case "<":
        return valueFrom(compare(left, right) < 0);
      case ">":
        return valueFrom(compare(left, right) > 0);
      case "<=":
        return valueFrom(compare(left, right) <= 0);
      case ">=":
        return valueFrom(compare(left, right) >= 0);
      default:
        return calculated(operator, left, right);
    }
  }

  override evaluateMemberExpression(node: Node, scope: Scope): Value {
    const property = node.property as Node;
    if (node.computed && property.type === "SliceExpression")
      return super.evaluateMemberExpression(node, scope);
    const object = this.#holder(node, scope);
    return memberOf(object, node.computed ? this.evaluate(property, scope) : valueFrom(property.value)); // biome-ignore format: one line
  }

  /** The value before the dot or bracket. */
  #holder({ object }: Node, scope: Scope): Value {
    const holder = this.evaluate(object as Node, scope);
    if (isUndefined(holder)) throw new Error(`'${sourceOf(object as Node)}' is undefined`);
    return holder;
  }

  override evaluateCallExpression(node: Node, scope: Scope): Value {
    const callee = node.callee as Node;
    if (callee.type === "MemberExpression" && !callee.computed) {
      const object = this.#holder(callee, scope);
      const name = `${(callee.property as Node).value}`;
      const method = methodOf(object, name);
      if (method) return method(this.#arguments(node.args as readonly Node[], scope));
      // The package would evaluate the object again: a chain of n calls would take 2^n evaluations.
      const result = memberOf(object, valueFrom(name));
      return super.evaluateCallExpression(
        { ...node, callee: { type: "Evaluated", result } },
        scope,
      );
    }
    if (callee.type === "Identifier" && callee.value === "dict") {
      const { args, kwargs } = this.#arguments(node.args as readonly Node[], scope);
      return dictOf(args[0], kwargs);
    }
    return super.evaluateCallExpression(node, scope);
  }

  #arguments(nodes: readonly Node[], scope: Scope): Arguments {
    const [args, kwargs] = this.evaluateArguments(nodes, scope);
    return { args, kwargs };
  }

  override applyFilter(operand: Value, filter: Node, scope: Scope): Value {
    const isCall = filter.type === "CallExpression";
    const name = `${(isCall ? (filter.callee as Node) : filter).value}`;
    const own = ownFilter(name);
    if (!own) return super.applyFilter(operand, filter, scope);
    const given = this.#arguments(isCall ? (filter.args as readonly Node[]) : [], scope);
    return own(operand, given, (each, value, others) => this.#filtered(each, value, others, scope));
  }

  /** For `map`: a filter of ours, or one of the package without arguments. */
  #filtered(name: string, value: Value, given: Arguments, scope: Scope): ReturnType<ApplyFilter> {
    const own = ownFilter(name);
    if (!own) return super.applyFilter(value, { type: "Identifier", value: name }, scope);
    return own(value, given, (each, inner, others) => this.#filtered(each, inner, others, scope));
  }

  override evaluateTestExpression(node: Node, scope: Scope): Value {
    const operand = this.evaluate(node.operand as Node, scope);
    const test = node.test as Node;
    const hasArgument = test.type === "CallExpression";
    const name = `${(hasArgument ? (test.callee as Node) : test).value}`;
    const [other = UNDEFINED] = hasArgument
      ? this.#arguments(test.args as readonly Node[], scope).args
      : [];
    return valueFrom(passes(operand, name, other) !== (node.negate === true));
  }

  override evaluateSet(node: Node, scope: Scope): Value {
    const target = node.assignee as Node;
    if (target.type !== "TupleLiteral") return super.evaluateSet(node, scope);
    assign(target, this.evaluate(node.value as Node, scope), scope);
    return UNDEFINED;
  }

  /** A macro sees the variables of the place where it is defined, and `caller` of the place where it is called. */
  override evaluateMacro(node: Node, scope: Scope): Value {
    const defined = super.evaluateMacro(node, scope);
    const macro = scope.lookupVariable(`${(node.name as Node).value}`);
    const run = macro.value as (args: readonly Value[], scope: Scope) => Value;
    macro.value = (args: readonly Value[], calledFrom: Scope) => {
      const inner = new Environment(scope);
      const caller = calledFrom.variables.get("caller");
      if (caller) inner.setVariable("caller", caller);
      return run(args, inner);
    };
    return defined;
  }

  /** What a round sets is gone in the next one. */
  override evaluateFor(node: Node, scope: Scope): Value {
    const iterable = node.iterable as Node;
    const isFiltered = iterable.type === "SelectExpression";
    const source = this.evaluate((isFiltered ? iterable.lhs : iterable) as Node, scope);
    const items = elementsOf(source).filter((item) => {
      if (!isFiltered) return true;
      const inner = new Environment(scope);
      assign(node.loopvar as Node, item, inner);
      return isTrue(this.evaluate(iterable.test as Node, inner));
    });
    if (items.length === 0) return this.evaluateBlock(node.defaultBlock as readonly Node[], scope);
    const inner = new Environment(scope); // making one is slow, so the rounds share it
    let text = "";
    for (const [index, item] of items.entries()) {
      inner.variables.clear();
      inner.setVariable("loop", loopOf(items, index));
      assign(node.loopvar as Node, item, inner);
      try {
        text += textOf(this.evaluateBlock(node.body as readonly Node[], inner));
      } catch (error) {
        if (!(error instanceof LoopControl)) throw error;
        text += error.printed;
        if (error.isBreak) break;
      }
    }
    return valueFrom(text);
  }
}

/** A dict's members come before its methods. */
function memberOf(object: Value, key: Value): Value {
  if (isDict(object) || object.type === "NamespaceValue") {
    const member = isUndefined(key) ? undefined : entriesIn(object).get(keyOf(key));
    if (member !== undefined) return member;
  }
  if (isNumber(key) && (isText(object) || isList(object)))
    return elementAt(object, Number(key.value));
  if (!isText(key)) return UNDEFINED;
  const name = textOf(key);
  const method = methodOf(object, name);
  if (method) return functionOf((args) => method({ args, kwargs: new Map() }));
  const builtin = (object.builtins as ReadonlyMap<string, Value>).get(name);
  return builtin && builtin.type === "FunctionValue" ? builtin : UNDEFINED;
}

/** Assigns to a name, or to the names of a tuple, however nested. @throws Error for the wrong number of values */
function assign(target: Node, value: Value, scope: Scope): void {
  if (target.type === "Identifier") {
    scope.setVariable(`${target.value}`, value);
    return;
  }
  const targets = target.value as readonly Node[];
  const values = elementsOf(value);
  if (targets.length !== values.length)
    throw new Error(`cannot unpack ${values.length} values into ${targets.length} names`);
  for (const [index, each] of targets.entries()) assign(each, values[index] ?? UNDEFINED, scope);
}

/** The expression as it was written, for errors: names and members only. */
function sourceOf(node: Node): string {
  if (node.type === "Identifier") return `${node.value}`;
  if (node.type !== "MemberExpression") return "value";
  const property = node.property as Node;
  const [object, name] = [sourceOf(node.object as Node), `${property.value ?? "..."}`];
  return node.computed ? `${object}[${name}]` : `${object}.${name}`;
}
