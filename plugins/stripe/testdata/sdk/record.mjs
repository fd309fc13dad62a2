// Records what Stripe's official Node SDK sends for the inputs of the tests in
// sdkdiff_test.go: one JSON file an operation, written beside this script. The
// requests go to a server on the loopback interface, never to Stripe.
//
//   dir=$(mktemp -d) && npm install --prefix "$dir" stripe@23.1.0
//   cp record.mjs "$dir" && node "$dir/record.mjs" "$PWD"
import http from 'node:http';
import fs from 'node:fs';
import path from 'node:path';
import Stripe from 'stripe';

const out = process.argv[2];
const apiVersion = '2026-08-26.dahlia';
const kept = ['authorization', 'content-type', 'idempotency-key', 'stripe-account', 'stripe-version'];

let last;
const server = http.createServer((req, res) => {
  let body = '';
  req.on('data', (chunk) => { body += chunk; });
  req.on('end', () => {
    const url = new URL(req.url, 'http://loopback');
    last = {
      method: req.method,
      path: url.pathname,
      headers: Object.fromEntries(kept.filter((h) => req.headers[h]).map((h) => [h, req.headers[h]])),
      query: Object.fromEntries(url.searchParams),
      form: Object.fromEntries(new URLSearchParams(body)),
    };
    res.setHeader('Content-Type', 'application/json');
    res.end('{"id":"recorded","object":"recorded"}');
  });
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));

const stripe = new Stripe('sk_test_recorder', {
  apiVersion, host: '127.0.0.1', port: server.address().port, protocol: 'http',
  telemetry: false, maxNetworkRetries: 0, stripeAccount: 'acct_recorder',
});
const once = { idempotencyKey: 'recorder-key' };
const expand = ['latest_charge'];
const payment = {
  amount: 1050,
  currency: 'eur',
  confirm: true,
  capture_method: 'manual',
  payment_method_types: ['card'],
  return_url: 'https://shop.example/return?order=1001',
  description: 'Two tickets & a programme',
  statement_descriptor_suffix: 'TICKETS',
  receipt_email: 'jo@example.com',
  metadata: { patchbay_reference: 'order-1001', seat: 'A 12' },
  setup_future_usage: 'off_session',
  expand,
};

const operations = {
  authorize_token: () => stripe.paymentIntents.create({ ...payment, payment_method: 'pm_card_visa' }, once),
  authorize_card: () => stripe.paymentIntents.create({
    ...payment,
    payment_method_data: {
      type: 'card',
      card: { number: '4242424242424242', exp_month: 12, exp_year: 2030, cvc: '123' },
      billing_details: { name: 'Test Card' },
    },
    payment_method_options: { card: { network: 'visa' } },
  }, once),
  capture: () => stripe.paymentIntents.capture('pi_recorded', { amount_to_capture: 500, final_capture: false, expand }, once),
  void: () => stripe.paymentIntents.cancel('pi_recorded', { cancellation_reason: 'abandoned', expand }, once),
  get_payment: () => stripe.paymentIntents.retrieve('pi_recorded', { expand }),
  create_refund: () => stripe.refunds.create({
    payment_intent: 'pi_recorded', amount: 500, reason: 'requested_by_customer',
    metadata: { patchbay_reference: 'refund-77' },
  }, once),
  get_refund: () => stripe.refunds.retrieve('re_recorded'),
};
for (const [name, send] of Object.entries(operations)) {
  await send();
  fs.writeFileSync(path.join(out, `${name}.json`), `${JSON.stringify(last, null, 2)}\n`);
}
server.close();
server.closeAllConnections();
