import * as payments from './payments.mjs';
import { serve } from './plugin.mjs';
import * as webhooks from './webhooks.mjs';

await serve({ ...payments, ...webhooks });
