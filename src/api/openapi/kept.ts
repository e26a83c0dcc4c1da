// Operations on what is inside or kept: responses, streams that were lost, requests that run.

import { z } from "zod";
import { requestList, stoppedRequest } from "../own/server-answers.ts";
import { deletedResponse, inputItemList, response, responseEvent } from "../responses/answer.ts";
import { inputItemsQuery, retrieveQuery } from "../responses/queries.ts";
import { openaiResponses } from "../responses/responses.ts";
import { streamQuery } from "../shared/queries.ts";
import { DIALECTS } from "../wire-formats.ts";
import { type Answer, get, type Operation, type Parameter, pathId, queryOf } from "./operation.ts";

export function keptOperations(): readonly Operation[] {
  return [...responseOperations(), ...streamOperations(), ...requestOperations()];
}

/** Below a response that is kept. */
function responseOperations(): readonly Operation[] {
  const path = `${openaiResponses.path}/{id}`;
  const whole: Answer["schema"] = ["Response", response];
  const id = pathId("Of a response that is kept.");
  return [
    {
      ...get(path, "OpenAI", "Reads a response that is kept, as it stands, or its events", whole),
      event: ["ResponseEvent", responseEvent],
      parameters: [id, ...queryOf(retrieveQuery)],
      codes: ["invalid_value", "unknown_parameter", "not_found", "events_dropped"],
    },
    {
      ...get(path, "OpenAI", "Forgets a response, and stops it if it runs"),
      ...{ method: "delete", parameters: [id], codes: ["not_found"] },
      answers: [{ status: 200, description: "It is gone", schema: ["Deletion", deletedResponse] }],
    },
    {
      ...get(`${path}/cancel`, "OpenAI", "Stops a response that runs", whole),
      ...{ method: "post", parameters: [id], codes: ["invalid_value", "not_found"] },
    },
    {
      ...get(`${path}/input_items`, "OpenAI", "Lists what was said before a response"),
      parameters: [id, ...queryOf(inputItemsQuery)],
      answers: [{ status: 200, description: "A page", schema: ["InputItemList", inputItemList] }],
      codes: ["invalid_value", "unknown_parameter", "not_found"],
    },
  ];
}

const LAST_EVENT_ID: Parameter = {
  name: "last-event-id",
  in: "header",
  required: false,
  description: "Id of the last event that the client has; goes before the query.",
  schema: { type: "string", pattern: "^\\d{1,15}$" },
};

function streamOperations(): readonly Operation[] {
  const path = "/v1/streams/{id}";
  const id = pathId("Of a stream that was asked for with `x-resumable`.");
  const [token] = queryOf(streamQuery.pick({ token: true }));
  const anyEvent = z.union(
    DIALECTS.flatMap(({ contract: { event }, lines }) => (event && !lines ? [event] : [])),
  );
  return [
    {
      ...get(path, "Server", "Reads on in a stream whose connection was lost"),
      parameters: [id, ...queryOf(streamQuery), LAST_EVENT_ID],
      event: ["StreamEvent", anyEvent],
      answers: [
        { status: 200, description: "Its events, as they were sent first" },
        { status: 204, description: "There are no more" },
      ],
      codes: ["invalid_value", "unknown_parameter", "not_found", "events_dropped"],
    },
    {
      ...get(path, "Server", "Stops a stream whose connection was lost"),
      ...{ method: "delete", parameters: token ? [id, token] : [id], codes: ["not_found"] },
      answers: [{ status: 204, description: "It was stopped" }],
    },
  ];
}

function requestOperations(): readonly Operation[] {
  const path = "/v1/requests";
  return [
    {
      ...get(path, "Server", "Lists what the caller has inside", ["RequestList", requestList]),
      isForAnyKey: true,
    },
    {
      isForAnyKey: true,
      ...get(`${path}/{id}`, "Server", "Stops one of them", ["RequestStop", stoppedRequest]),
      method: "delete",
      parameters: [pathId("The `x-request-id` of its answer.")],
      codes: ["not_found"],
    },
  ];
}
