// Python's arithmetic operators, for numbers, texts and lists.

import { percentFormatted } from "./format.ts";
import {
  float,
  isList,
  isNumber,
  isText,
  itemsIn,
  list,
  nameOf,
  textOf,
  tupleOf,
  type Value,
  valueFrom,
} from "./values.ts";

/** @throws Error for types that Python's operator does not take, such as a text and a number for `+` */
export function calculated(operator: string, left: Value, right: Value): Value {
  if (operator === "%" && isText(left)) return valueFrom(percentFormatted(textOf(left), right));
  if (isNumber(left) && isNumber(right)) return numberOf(operator, left, right);
  if (operator === "+" && left.type === right.type) {
    if (isText(left)) return valueFrom(textOf(left) + textOf(right));
    if (left.type === "ArrayValue") return list([...itemsIn(left), ...itemsIn(right)]);
    if (left.type === "TupleValue") return tupleOf([...itemsIn(left), ...itemsIn(right)]);
  }
  if (operator === "*") {
    const [repeated, times] = isNumber(left) ? [right, left] : [left, right];
    const count = Math.max(0, Number(times.value));
    if (isText(repeated)) return valueFrom(textOf(repeated).repeat(count));
    if (isList(repeated))
      return list(Array.from({ length: count }, () => itemsIn(repeated)).flat());
  }
  const types = `'${nameOf(left)}' and '${nameOf(right)}'`;
  throw new Error(`unsupported operand types for ${operator}: ${types}`);
}

function numberOf(operator: string, left: Value, right: Value): Value {
  const [a, b] = [Number(left.value), Number(right.value)];
  const isFloat = [left, right].some(({ type }) => type === "FloatValue");
  const asNumber = (value: number) => (isFloat ? float(value) : valueFrom(value));
  if (b === 0 && ["/", "//", "%"].includes(operator)) throw new Error("division by zero");
  switch (operator) {
    case "+":
      return asNumber(a + b);
    case "-":
      return asNumber(a - b);
    case "*":
      return asNumber(a * b);
    case "/":
      return float(a / b);
    case "//":
      return asNumber(Math.floor(a / b));
    case "%":
      return asNumber(a - b * Math.floor(a / b));
    case "**":
      return b < 0 ? float(a ** b) : asNumber(a ** b);
    default:
      throw new Error(`unknown operator ${operator}`);
  }
}
