// Functions as Gemini declares and chooses them → ToolUse. https://ai.google.dev/api/caching#Tool

import { z } from "zod";
import { ServiceError } from "../../errors.ts";
import type { AskedTool, Json, ToolUse } from "../../generation/request.ts";
import { withoutEffect } from "../shared/contract.ts";
import { schemaAt } from "../shared/schema-grammar.ts";
import { MAX_TOOLS, refuseDuplicateNames, toolList, toolName } from "../shared/tools.ts";
import { jsonSchemaOf, openapiSchema } from "./schema.ts";

const refused = z
  .null("functionDeclarations are the only tools here: this server runs none of its own")
  .optional();
const nothing = withoutEffect(z.unknown().optional());

const declaration = z.looseObject({
  name: toolName,
  description: z.string().nullish(),
  parameters: openapiSchema.nullish(),
  parametersJsonSchema: z.record(z.string(), z.unknown()).nullish(),
  response: nothing,
  responseJsonSchema: nothing,
  behavior: nothing, // of Gemini's Live API
});

export const toolFields = {
  tools: toolList(
    z.looseObject({
      functionDeclarations: z.array(declaration).nullish(),
      googleSearch: refused,
      googleSearchRetrieval: refused,
      codeExecution: refused,
      urlContext: refused,
      googleMaps: refused,
      fileSearch: refused,
      computerUse: refused,
      mcpServers: refused,
      retrieval: refused,
      enterpriseWebSearch: refused,
    }),
  ).nullish(),
  toolConfig: z
    .looseObject({
      functionCallingConfig: z
        .looseObject({
          mode: z
            .enum(["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"])
            .nullish()
            .meta({ default: "AUTO" }),
          allowedFunctionNames: z.array(z.string()).nullish(),
          streamFunctionCallArguments: z
            .literal(false, "calls come whole")
            .nullish()
            .meta({ default: false }),
        })
        .nullish(),
      retrievalConfig: nothing, // of Google's own tools
      includeServerSideToolInvocations: nothing,
    })
    .nullish(),
};

type ToolFields = z.output<z.ZodObject<typeof toolFields>>;
type Declaration = z.output<typeof declaration>;
type Placed = Declaration & { readonly path: string };

/**
 * @returns null when none may be called
 * @throws ServiceError 400 naming the function
 */
export function readTools(fields: ToolFields): ToolUse<AskedTool> | null {
  const given = placed(fields);
  const names = given.map(({ name }) => name);
  if (given.length > MAX_TOOLS) throw wrong("tools", `has more than ${MAX_TOOLS} functions`);
  refuseDuplicateNames(names, (index) => `${given[index]?.path}.name`);
  const { callable, isRequired } = readChoice(fields, names);
  if (callable.length === 0) return null;
  return { tools: given.map(readTool), callable, isRequired, isParallel: true };
}

/** All functions of all tools, each with where the client wrote it. */
function placed({ tools }: ToolFields): readonly Placed[] {
  return (tools ?? []).flatMap(({ functionDeclarations }, tool) =>
    (functionDeclarations ?? []).map((each, index) => ({
      ...each,
      path: `tools[${tool}].functionDeclarations[${index}]`,
    })),
  );
}

function readTool(given: Placed): AskedTool {
  const { name, description } = given;
  const { schema, param } = schemaOf(given);
  const parameters = { ...schemaAt(schema, param), isStrict: false };
  const words = typeof description === "string" ? { description } : {};
  // In OpenAI's form, because that is the one that chat templates know.
  const told = { name, ...words, parameters: (schema ?? EMPTY) as Json }; // it came out of JSON
  return { name, definition: { type: "function", function: told }, parameters };
}

const EMPTY = { type: "object", properties: {} };

function schemaOf({ parameters, parametersJsonSchema: schema, path }: Placed) {
  if (parameters && schema)
    throw wrong(`${path}.parametersJsonSchema`, "cannot be used beside parameters");
  if (schema) return { schema, param: `${path}.parametersJsonSchema` };
  return { schema: parameters ? jsonSchemaOf(parameters) : null, param: `${path}.parameters` };
}

function readChoice({ toolConfig }: ToolFields, names: readonly string[]) {
  const { mode, allowedFunctionNames } = toolConfig?.functionCallingConfig ?? {};
  if (mode === "NONE") return { callable: [], isRequired: false };
  const at = "toolConfig.functionCallingConfig";
  const allowed = allowedFunctionNames?.length ? [...new Set(allowedFunctionNames)] : names;
  const missing = allowed.findIndex((name) => !names.includes(name));
  if (missing >= 0) throw wrong(`${at}.allowedFunctionNames`, "has a name that no function has");
  const isRequired = mode === "ANY";
  if (isRequired && names.length === 0) throw wrong(`${at}.mode`, "is ANY, but there are no tools");
  return { callable: allowed, isRequired };
}

function wrong(param: string, reason: string): ServiceError {
  return new ServiceError("invalid_value", `${param} ${reason}`, { param });
}
