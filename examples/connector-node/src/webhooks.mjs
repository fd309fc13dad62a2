// Webhooks. Sandbox-Signature is t=TIME,v1=MAC: hexadecimal HMAC-SHA256 of TIME.BODY, one for each secret.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { ConnectorError } from './errors.mjs';
import { payment, refund } from './words.mjs';

const bodyOf = (request) => Buffer.from(request.body ?? '', 'base64');

export function parseWebhook({ request }) {
  try {
    const { id, type, object_id, account } = JSON.parse(bodyOf(request));
    return { account_hint: account, events: [{ id, type, object_id }] };
  } catch (cause) {
    throw new ConnectorError('InvalidRequest', 'the body is no event of the PSP', { field: 'request.body', cause });
  }
}

export function handleWebhook({ request }, { config }) {
  const doubt = doubtOf(request, config.webhook_secrets ?? []);
  if (doubt) return { ...doubt, acknowledgement: { status_code: 401 } };
  const [event] = parseWebhook({ request }).events;
  const { object, created, data } = JSON.parse(bodyOf(request));
  const subject = object === 'payment' ? { payment: payment(data) } : object === 'refund' && { refund: refund(data) };
  const events = [{ ...event, occur_time: created, ...subject }];
  return { verification: 'WEBHOOK_VERIFICATION_VERIFIED', events, acknowledgement: { status_code: 200 } };
}

// doubtOf says why a webhook can't be believed; undefined if it can.
function doubtOf(request, secrets) {
  const rejected = (why) => ({ verification: 'WEBHOOK_VERIFICATION_REJECTED', rejection_reason: why });
  const header = request.headers?.find(({ name }) => name.toLowerCase() === 'sandbox-signature')?.value;
  if (!header) return { verification: 'WEBHOOK_VERIFICATION_UNSIGNED' };
  const time = /\bt=(\d+)/.exec(header)?.[1];
  const given = [...header.matchAll(/\bv1=([0-9a-f]{64})\b/g)].map(([, hex]) => Buffer.from(hex, 'hex'));
  const wanted = secrets.filter(Boolean).map((secret) => createHmac('sha256', secret).update(`${time}.`).update(bodyOf(request)).digest());
  if (!wanted.length) return rejected('the account has no webhook secret');
  if (!wanted.some((mac) => given.some((one) => timingSafeEqual(one, mac)))) return rejected('the signature is wrong');
  if (Math.abs(Date.now() / 1000 - time) > 300) return rejected('the signature is not of the last five minutes');
}
