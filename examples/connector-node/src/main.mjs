import { describe } from './contract.mjs';
import { authorize, capture, createRefund } from './payments.mjs';
import { serve } from './plugin.mjs';
import { handleWebhook, parseWebhook } from './webhooks.mjs';

await serve({
  'patchbay.connector.v1.ConnectorService': { Describe: describe, Probe: () => ({}) },
  'patchbay.payments.v1.PaymentService': { Authorize: authorize, Capture: capture },
  'patchbay.payments.v1.RefundService': { CreateRefund: createRefund },
  'patchbay.payments.v1.WebhookService': { HandleWebhook: handleWebhook, ParseWebhook: parseWebhook },
});
