// The contract's words in the PSP's, and back.
import { read } from './contract.mjs';
import { ConnectorError } from './errors.mjs';

const words = JSON.parse(read('words.json'));
const declines = new Map(String(read('../declines.csv')).split('\n').map((row) => row.split(',')).map(([code, hardness, retry, actor]) => [code, {
  code, message: `Declined: ${code.replaceAll('_', ' ')}.`,
  hardness: `DECLINE_HARDNESS_${hardness}`, retry: `DECLINE_RETRY_${retry}`, actor: `DECLINE_ACTOR_${actor}`,
}]));
export const translate = (table, word) => (Object.hasOwn(words[table], word) ? words[table][word] : undefined);

export function money({ id, currency: currency_code }, minor_units) {
  if (id && currency_code && Number.isSafeInteger(minor_units)) return { currency_code, minor_units };
  throw new ConnectorError('OutcomeUnknown', "the PSP's answer is malformed");
}

export const payment = (p = {}) => ({
  id: p.id, reference: p.reference, create_time: p.created,
  status: translate('payment', p.status) ?? 'PAYMENT_STATUS_UNKNOWN',
  amount: money(p, p.amount), authorized_amount: money(p, p.authorized), capturable_amount: money(p, p.capturable),
  captured_amount: money(p, p.captured), refunded_amount: money(p, p.refunded),
  next_action: p.challenge_url && { redirect: { url: p.challenge_url, method: 'GET' } },
  decline: p.decline && {
    ...(declines.get(translate('decline', p.decline.code) ?? p.decline.code) ?? declines.get('generic_decline')),
    network_code: p.decline.network_code, connector_code: p.decline.code, connector_message: p.decline.message,
  },
});

export const refund = (r) => ({
  id: r.id, payment_id: r.payment_id, reference: r.reference, create_time: r.created,
  status: translate('refund', r.status) ?? 'REFUND_STATUS_UNKNOWN', amount: money(r, r.amount),
});

export function asked({ currency_code: currency, minor_units } = {}) {
  if (!currency) return {};
  if (Number.isSafeInteger(Number(minor_units))) return { amount: Number(minor_units), currency };
  throw new ConnectorError('InvalidRequest', 'the amount is too large', { field: 'amount.minor_units' });
}

export function instrument({ card, card_token }) {
  if (card_token) return { token: card_token.token };
  if (card) return { card: Object.fromEntries(Object.entries(card).map(([name, value]) => [translate('card', name), value])) };
  throw new ConnectorError('Unsupported', 'only cards and their tokens are taken', { field: 'payment_method' });
}
