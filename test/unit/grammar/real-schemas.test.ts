// Schemas of the kinds that programs use, each with values that it allows and values that it does not.

import { describeSchemas } from "../../support/schema-cases.ts";
import { CONDITIONS } from "./real-schemas/conditions.ts";
import { DRAFTS } from "./real-schemas/drafts.ts";
import { FILES } from "./real-schemas/files.ts";
import { MESSAGES } from "./real-schemas/messages.ts";

describeSchemas({ ...FILES, ...MESSAGES, ...DRAFTS, ...CONDITIONS });
