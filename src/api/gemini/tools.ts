// Gemini's function declarations and toolConfig → ToolUse. https://ai.google.dev/api/caching#Tool

import { z } from "zod";
import type { AskedTool, Json, ToolUse } from "../../generation/request.ts";
import * as field from "../shared/field-types.ts";
import { invalidValue, isObject } from "../shared/refusals.ts";
import { schemaAt } from "../shared/schema-grammar.ts";
import {
  MAX_TOOLS,
  refuseDuplicateNames,
  TOOL_CHOICE,
  TOOLS,
  toolList,
  toolName,
  toolParts,
} from "../shared/tools.ts";
import { jsonSchemaOf, openapiSchema } from "./schema.ts";

const declaration = z.looseObject({
  name: toolName,
  description: toolParts.description,
  parameters: field.optional(openapiSchema, "OpenAPI schema of the arguments."),
  parametersJsonSchema: toolParts.schema.nullish(),
  response: field.ignored("Ignored."),
  responseJsonSchema: field.ignored("Ignored."),
  behavior: field.ignored("Ignored: for Gemini's Live API."),
});

const MODES =
  "ANY: the model must call a function. NONE: the prompt lists no functions. VALIDATED is the same as AUTO, because calls always match their schema.";

export const toolFields = {
  tools: toolList(
    z.looseObject({
      functionDeclarations: field.optional(
        z.array(declaration),
        `${TOOLS} Google's own tools are left out.`,
      ),
    }),
  ),
  toolConfig: field.optional(
    z.looseObject({
      functionCallingConfig: field.optional(
        z.looseObject({
          mode: z
            .enum(["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"])
            .nullish()
            .meta({ default: "AUTO", description: MODES }),
          allowedFunctionNames: field.optional(z.array(z.string()), TOOLS),
        }),
        "The mode, and the functions that may be called.",
      ),
      retrievalConfig: field.ignored("Ignored: for Google's own tools."),
      includeServerSideToolInvocations: field.ignored("Ignored: for Google's own tools."),
    }),
    TOOL_CHOICE,
  ),
};

type ToolFields = z.output<z.ZodObject<typeof toolFields>>;
type Declaration = z.output<typeof declaration>;
/** A declaration with its path in the body. */
type LocatedDeclaration = Declaration & { readonly path: string };

/**
 * Removes the tools that Google's server would run, such as `googleSearch`: a request may offer them to any model.
 * @param prefix of the paths of `ignoredParams`, the tools removed
 */
export function withoutHosted(body: unknown, prefix: string) {
  const ignoredParams: string[] = [];
  if (!isObject(body) || !Array.isArray(body.tools)) return { body, ignoredParams };
  const tools = body.tools.map((tool: unknown, index) => {
    if (!isObject(tool)) return tool;
    const { functionDeclarations, ...hosted } = tool;
    const given = Object.keys(hosted).filter((name) => (hosted[name] ?? null) !== null);
    ignoredParams.push(...given.map((name) => `${prefix}tools[${index}].${name}`));
    return { functionDeclarations };
  });
  return { body: { ...body, tools }, ignoredParams };
}

/**
 * @returns null if the model may not call any function
 * @throws ServiceError 400 naming the function
 */
export function readTools(fields: ToolFields): ToolUse<AskedTool> | null {
  const given = declarationsOf(fields);
  const names = given.map(({ name }) => name);
  if (given.length > MAX_TOOLS) throw invalidValue("tools", `has more than ${MAX_TOOLS} functions`);
  refuseDuplicateNames(names, (index) => `${given[index]?.path}.name`);
  const { callable, isRequired } = readChoice(fields, names);
  if (callable.length === 0) return null;
  return { tools: given.map(readTool), callable, isRequired, isParallel: true };
}

function declarationsOf({ tools }: ToolFields): readonly LocatedDeclaration[] {
  return (tools ?? []).flatMap(({ functionDeclarations }, tool) =>
    (functionDeclarations ?? []).map((each, index) => ({
      ...each,
      path: `tools[${tool}].functionDeclarations[${index}]`,
    })),
  );
}

function readTool(given: LocatedDeclaration): AskedTool {
  const { name, description } = given;
  const { schema, param } = schemaOf(given);
  const parameters = schemaAt(schema, param);
  const text = typeof description === "string" ? { description } : {};
  // OpenAI's form, because chat templates expect it.
  const definition = { name, ...text, parameters: (schema ?? EMPTY) as Json }; // it came out of JSON
  return { name, definition: { type: "function", function: definition }, parameters };
}

const EMPTY = { type: "object", properties: {} };

function schemaOf({ parameters, parametersJsonSchema: schema, path }: LocatedDeclaration) {
  if (parameters && schema)
    throw invalidValue(`${path}.parametersJsonSchema`, "cannot be used together with parameters");
  if (schema) return { schema: jsonSchemaOf(schema), param: `${path}.parametersJsonSchema` };
  return { schema: parameters ? jsonSchemaOf(parameters) : null, param: `${path}.parameters` };
}

function readChoice({ toolConfig }: ToolFields, names: readonly string[]) {
  const { mode, allowedFunctionNames } = toolConfig?.functionCallingConfig ?? {};
  if (mode === "NONE") return { callable: [], isRequired: false };
  const path = "toolConfig.functionCallingConfig";
  const allowed = allowedFunctionNames?.length ? [...new Set(allowedFunctionNames)] : names;
  const missing = allowed.findIndex((name) => !names.includes(name));
  if (missing >= 0)
    throw invalidValue(`${path}.allowedFunctionNames`, "names a function that is not in tools");
  const isRequired = mode === "ANY";
  if (isRequired && names.length === 0)
    throw invalidValue(`${path}.mode`, "is ANY, but there are no tools");
  return { callable: allowed, isRequired };
}
