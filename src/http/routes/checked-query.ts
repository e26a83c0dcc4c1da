// The query of a request, checked as a body is: what nobody knows is named, or refused under --strict.

import type { Request, Response } from "express";
import { parseQuery, type Query, type QuerySchema } from "../../api/shared/queries.ts";
import type { HandlerDeps } from "../generate/exchange.ts";
import { nameIgnored, refuseUnknown } from "../server/ignored-params.ts";

/** @throws ServiceError 400 naming the field */
export function checkedQuery<T extends QuerySchema>(
  req: Request,
  res: Response,
  schema: T,
  { options }: Pick<HandlerDeps, "options">,
): Query<T> {
  const { fields, ignoredParams } = parseQuery(schema, req.query);
  refuseUnknown({ ignoredParams }, options.isStrict);
  nameIgnored(res, { ignoredParams });
  return fields;
}
