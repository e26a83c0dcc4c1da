// Operations on stored responses, on resumable streams, and on the caller's own requests.

import { z } from "zod";
import { deletedResponse, inputItemList, response, responseEvent } from "../responses/answer.ts";
import { inputItemsQuery, retrieveQuery } from "../responses/queries.ts";
import { openaiResponses } from "../responses/responses.ts";
import { streamQuery } from "../shared/queries.ts";
import { requestList, stoppedRequest } from "../sluice/server-answers.ts";
import { DIALECTS } from "../wire-formats.ts";
import { get, type Operation, type Parameter, pathId, queryOf } from "./operation.ts";

export function resourceOperations(): readonly Operation[] {
  return [...responseOperations(), ...streamOperations(), ...requestOperations()];
}

/** Operations on a stored response. */
function responseOperations(): readonly Operation[] {
  const path = `${openaiResponses.path}/{id}`;
  const whole = ["Response", response] as const;
  const id = pathId("Id of a stored response.");
  return [
    {
      ...get(path, "OpenAI", "Returns a stored response, or streams its events", whole),
      event: ["ResponseEvent", responseEvent],
      parameters: [id, ...queryOf(retrieveQuery)],
      codes: ["invalid_value", "unknown_parameter", "not_found", "events_dropped"],
    },
    {
      ...get(path, "OpenAI", "Deletes a stored response, and stops it if it is running"),
      method: "delete",
      parameters: [id],
      answers: [{ status: 200, description: "Deleted", schema: ["Deletion", deletedResponse] }],
      codes: ["not_found"],
    },
    {
      ...get(`${path}/cancel`, "OpenAI", "Stops a running response", whole),
      method: "post",
      parameters: [id],
      codes: ["invalid_value", "not_found"],
    },
    {
      ...get(`${path}/input_items`, "OpenAI", "Lists the input items of a response"),
      parameters: [id, ...queryOf(inputItemsQuery)],
      answers: [{ status: 200, description: "One page", schema: ["InputItemList", inputItemList] }],
      codes: ["invalid_value", "unknown_parameter", "not_found"],
    },
  ];
}

const LAST_EVENT_ID: Parameter = {
  name: "last-event-id",
  in: "header",
  required: false,
  description: "Id of the last event that the client received. Takes precedence over the query.",
  schema: { type: "string", pattern: "^\\d{1,15}$" },
};

function streamOperations(): readonly Operation[] {
  const path = "/v1/streams/{id}";
  const id = pathId("Id of a stream that was started with `x-resumable`.");
  const [token] = queryOf(streamQuery.pick({ token: true }));
  const anyEvent = z.union(
    DIALECTS.flatMap(({ contract: { event }, lines }) => (event && !lines ? [event] : [])),
  );
  return [
    {
      ...get(path, "Server", "Resumes a stream after its connection was lost"),
      parameters: [id, ...queryOf(streamQuery), LAST_EVENT_ID],
      event: ["StreamEvent", anyEvent],
      answers: [
        { status: 200, description: "The remaining events, as they were first sent" },
        { status: 204, description: "There are no more events" },
      ],
      codes: ["invalid_value", "unknown_parameter", "not_found", "events_dropped"],
    },
    {
      ...get(path, "Server", "Stops a stream whose connection was lost"),
      method: "delete",
      parameters: token ? [id, token] : [id],
      answers: [{ status: 204, description: "Stopped" }],
      codes: ["not_found"],
    },
  ];
}

function requestOperations(): readonly Operation[] {
  const path = "/v1/requests";
  return [
    {
      ...get(path, "Server", "Lists the caller's requests", ["RequestList", requestList]),
      isForAnyKey: true,
    },
    {
      isForAnyKey: true,
      ...get(`${path}/{id}`, "Server", "Stops a request", ["RequestStop", stoppedRequest]),
      method: "delete",
      parameters: [pathId("The `x-request-id` of the request.")],
      codes: ["not_found"],
    },
  ];
}
