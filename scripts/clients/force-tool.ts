// Makes a request call one tool, in the words of its API, because a tiny model seldom decides to call one. Pure.

type Body = Readonly<Record<string, unknown>>;
type Named = { readonly name?: string; readonly function?: { readonly name?: string } };

/** @returns the body that must call the first of the tools that it offers; null if it offers none of them */
export function forceTool(body: Body, path: string, wanted: readonly string[]): Body | null {
  const offered = toolNames(body);
  const name = wanted.find((each) => offered.includes(each));
  if (name === undefined) return null;
  if (path.includes("/messages")) return { ...body, tool_choice: { type: "tool", name } };
  if (path.includes("/responses")) return { ...body, tool_choice: { type: "function", name } };
  if (path.includes("enerateContent")) {
    const functionCallingConfig = { mode: "ANY", allowedFunctionNames: [name] };
    return { ...body, toolConfig: { functionCallingConfig } };
  }
  return { ...body, tool_choice: { type: "function", function: { name } } };
}

/** The names of all functions in `tools`, which Gemini groups. */
function toolNames(body: Body): string[] {
  const tools = Array.isArray(body.tools) ? (body.tools as Named[]) : [];
  return tools
    .flatMap((tool) => (tool as { functionDeclarations?: Named[] }).functionDeclarations ?? [tool])
    .map((tool) => tool.function?.name ?? tool.name ?? "")
    .filter(Boolean);
}
