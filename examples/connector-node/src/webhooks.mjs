// Webhooks. Sandbox-Signature is t=TIME,v1=MAC: hexadecimal HMAC-SHA256 of TIME.BODY, one for each secret.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { parsed } from './contract.mjs';
import { ConnectorError } from './errors.mjs';
import { payment, refund } from './words.mjs';

export function parseWebhook({ request }) {
  const { id, type, object_id, account } = parsed(request.body) ?? {};
  if (id && type) return { account_hint: account, events: [{ id, type, object_id }] };
  throw new ConnectorError('InvalidRequest', 'the body is no event of the PSP', { field: 'request.body' });
}

export function handleWebhook({ request }, { config }) {
  const [verification, doubt] = verified(request, config.webhook_secrets ?? []);
  if (doubt) return { verification, rejection_reason: doubt, acknowledgement: { status_code: 401 } };
  const [event] = parseWebhook({ request }).events;
  const { object, created, data } = parsed(request.body);
  const subject = object === 'payment' ? { payment: payment(data) } : object === 'refund' && { refund: refund(data) };
  return { verification, events: [{ ...event, occur_time: created, ...subject }], acknowledgement: { status_code: 200 } };
}

// verified says how far a webhook can be believed, and why not.
function verified({ headers, body = '' }, secrets) {
  const signature = headers?.find(({ name }) => name.toLowerCase() === 'sandbox-signature')?.value;
  if (!signature) return ['WEBHOOK_VERIFICATION_UNSIGNED', 'there is no signature'];
  const rejected = (why) => ['WEBHOOK_VERIFICATION_REJECTED', why];
  const time = /\bt=(\d+)/.exec(signature)?.[1];
  const given = [...signature.matchAll(/\bv1=([0-9a-f]{64})\b/g)].map(([, hex]) => Buffer.from(hex, 'hex'));
  const wanted = secrets.map((secret) => createHmac('sha256', secret).update(`${time}.`).update(body, 'base64').digest());
  if (!wanted.length) return rejected('the account has no webhook secret');
  if (!wanted.some((mac) => given.some((one) => timingSafeEqual(one, mac)))) return rejected('the signature is wrong');
  if (!(Math.abs(Date.now() / 1000 - time) <= 300)) return rejected('the signature is not of the last five minutes');
  return ['WEBHOOK_VERIFICATION_VERIFIED'];
}
