// Checks the query of a request like a body: unknown parameters are named in a header, or refused with --strict.

import type { Request, Response } from "express";
import { parseQuery, type Query, type QuerySchema } from "../../api/shared/queries.ts";
import { nameIgnored, refuseUnknown } from "../server/ignored-params.ts";

/** @throws ServiceError 400 naming the field */
export function checkedQuery<T extends QuerySchema>(
  req: Request,
  res: Response,
  schema: T,
  isStrict: boolean,
): Query<T> {
  const { fields, ignoredParams } = parseQuery(schema, req.query);
  refuseUnknown({ ignoredParams }, isStrict);
  nameIgnored(res, { ignoredParams });
  return fields;
}
