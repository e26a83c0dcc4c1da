// The models as the caller of a request sees them: without those that its key may not use.

import type { Response } from "express";
import type { ModelList } from "../../models/model-list.ts";
import type { AllowedModels } from "../../models/names/model-view.ts";
import { callerOf } from "./response-locals.ts";

export function allowedModels(res: Response, models: Pick<ModelList, "allowedTo">): AllowedModels {
  return models.allowedTo(callerOf(res).models);
}
