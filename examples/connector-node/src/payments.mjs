// What moves money: Authorize, Capture and CreateRefund.
import { ConnectorError, log } from './errors.mjs';
import { post } from './psp.mjs';
import { asked, instrument, money, payment, refund, translate } from './words.mjs';

// answered holds what the PSP says against the request, and makes an unknown outcome an answer.
const answered = (run, differs, unknown) => async (request, context) => {
  try {
    const answer = await run(request, context);
    if (!differs(request, answer)) return answer;
  } catch (error) {
    if (error.kind !== 'OutcomeUnknown') throw error;
    log('warn', `outcome unknown: ${error.message}`, error.cause ?? error);
    return unknown(request);
  }
  throw new ConnectorError('OutcomeUnknown', "the PSP's answer contradicts the request", { reason: 'INTEGRITY_MISMATCH' });
};
const unlike = (got, want) => want && (got.currency_code !== want.currency_code || got.minor_units !== Number(want.minor_units));
const follow = (request, action) => `/v1/payments/${encodeURIComponent(request.payment_id)}/${action}`;

export const authorize = answered(
  async (request, context) => ({ payment: payment(await post(context, '/v1/payments', {
    ...asked(request.amount), reference: request.reference, webhook_url: request.webhook_url,
    payment_method: instrument(request.payment_method), capture: translate('capture', request.capture_method) ?? 'automatic',
  }, request)) }),
  (request, answer) => answer.payment.reference !== request.reference || unlike(answer.payment.amount, request.amount),
  ({ reference, amount }) => ({ payment: { reference, amount, status: 'PAYMENT_STATUS_UNKNOWN' } }),
);

export const capture = answered(
  async (request, context) => {
    const done = await post(context, follow(request, 'capture'), { ...asked(request.amount), more_to_come: request.more_to_come }, request);
    return { payment: payment(done.payment), amount: money(done, done.amount), capture_id: done.id };
  },
  (request, answer) => answer.payment.id !== request.payment_id || unlike(answer.amount, request.amount),
  ({ payment_id }) => ({ payment: { id: payment_id, status: 'PAYMENT_STATUS_UNKNOWN' } }),
);

export const createRefund = answered(
  async (request, context) => ({ refund: refund(await post(context, follow(request, 'refunds'), {
    ...asked(request.amount), reference: request.reference, reason: request.reason,
  }, request)) }),
  (request, { refund: r }) => r.payment_id !== request.payment_id || r.reference !== request.reference || unlike(r.amount, request.amount),
  ({ payment_id, reference, amount }) => ({ refund: { payment_id, reference, amount, status: 'REFUND_STATUS_UNKNOWN' } }),
);
