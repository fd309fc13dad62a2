// Records what Stripe's official Node SDK sends for the inputs of the tests in
// sdkdiff_test.go: one JSON file an operation, written beside this script.
//
//   cd "$(mktemp -d)" && npm install stripe@23.1.0 && node <path to this script>
import { record } from '../../../../sdk/connectortest/sdkdiff/recorder.mjs';

const once = { idempotencyKey: 'recorder-key' };
const expand = ['latest_charge'];
const card = { number: '4242424242424242', exp_month: 12, exp_year: 2030, cvc: '123' };
const recorded = {
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
const address = { line1: '1 Main Street', line2: 'Flat 2', city: 'Berlin', state: 'BE', postal_code: '10115', country: 'DE' };
const usual = {
  amount: 1050, currency: 'eur', confirm: true, capture_method: 'automatic', return_url: 'https://shop.example/return',
  metadata: { patchbay_reference: 'order-1001' }, expand,
};
const byJo = { ...usual, receipt_email: 'jo@example.com' };
const jo = { email: 'jo@example.com', phone: '+14155550100', address };
const mandate = {
  confirm: true, usage: 'off_session', metadata: { patchbay_reference: 'mandate-12' }, expand: ['payment_method', 'mandate'],
};
const charge = {
  amount: 1050, currency: 'eur', confirm: true, capture_method: 'automatic', off_session: 'recurring', payment_method_types: ['card'],
  payment_method: 'pm_1', customer: 'cus_1', expand,
};

await record(import.meta.dirname, { drop: ['x-stripe-client-user-agent'] }, ({ port, load }) => {
  const Stripe = load('stripe');
  const stripe = new Stripe('sk_test_recorder', {
    apiVersion: '2026-08-26.dahlia', host: '127.0.0.1', port, protocol: 'http',
    telemetry: false, maxNetworkRetries: 0, stripeAccount: 'acct_recorder',
  });
  const intents = stripe.paymentIntents;
  const ofType = (type, more = {}, options) => () => intents.create({
    ...byJo, payment_method_types: [type], payment_method_data: { type, billing_details: { name: 'Jo Doe', ...jo }, ...more }, ...options,
  }, once);
  return {
    authorize_token: () => intents.create({ ...recorded, payment_method: 'pm_card_visa' }, once),
    authorize_card: () => intents.create({
      ...recorded,
      payment_method_data: { type: 'card', card, billing_details: { name: 'Test Card', email: 'jo@example.com' } },
      payment_method_options: { card: { network: 'visa' } },
    }, once),
    authorize_ideal: ofType('ideal', { ideal: { bank: 'ing' } }),
    authorize_blik: ofType('blik', {}, { payment_method_options: { blik: { code: '777123' } } }),
    authorize_klarna: ofType('klarna'),
    authorize_boleto: ofType('boleto', { boleto: { tax_id: '00000000000' } }),
    authorize_sepa_debit: ofType('sepa_debit', { sepa_debit: { iban: 'DE89370400440532013000' } }, {
      mandate_data: { customer_acceptance: { type: 'online', online: { ip_address: '203.0.113.7', user_agent: 'Mozilla/5.0' } } },
    }),
    authorize_google_pay: ofType('card', { card: { token: 'tok_visa' } }),
    authorize_3ds: () => intents.create({
      ...usual, payment_method_types: ['card'], payment_method: 'pm_card_visa',
      payment_method_options: { card: { three_d_secure: {
        ares_trans_status: 'Y', cryptogram: 'AAABBEg0VhI0VniQEjRWAAAAAAA=', electronic_commerce_indicator: '05', exemption_indicator: 'low_risk',
        transaction_id: 'c4e59ceb-a382-4d6a-bc87-385d591fa09d', version: '2.2.0',
      } } },
    }, once),
    capture: () => intents.capture('pi_recorded', { amount_to_capture: 500, final_capture: false, expand }, once),
    void: () => intents.cancel('pi_recorded', { cancellation_reason: 'abandoned', expand }, once),
    get_payment: () => intents.retrieve('pi_recorded', { expand }),
    find_search: () => intents.search({ query: "metadata['patchbay_reference']:'order-1001'", limit: 100, expand: ['data.latest_charge'] }),
    find_list: () => intents.list({ limit: 100, created: { gte: 1767225600 }, expand: ['data.latest_charge'] }),
    adjust: () => intents.incrementAuthorization('pi_1', { amount: 1550, expand }, once),
    create_refund: () => stripe.refunds.create({
      payment_intent: 'pi_recorded', amount: 500, reason: 'requested_by_customer',
      metadata: { patchbay_reference: 'refund-77' },
    }, once),
    get_refund: () => stripe.refunds.retrieve('re_recorded'),
    setup_mandate: () => stripe.setupIntents.create({
      ...mandate, payment_method_types: ['card'], customer: 'cus_1', return_url: 'https://shop.example/return', description: 'Monthly plan',
      metadata: { ...mandate.metadata, plan: 'gold' },
      payment_method_data: { type: 'card', card, billing_details: { name: 'Test Card' } },
      payment_method_options: { card: { network: 'visa', request_three_d_secure: 'challenge' } },
    }, once),
    charge_mandate: () => intents.create({
      ...charge, description: 'February', statement_descriptor_suffix: 'MONTHLY', metadata: { patchbay_reference: 'order-1001', n: '2' },
    }, once),
    get_mandate: () => stripe.setupIntents.retrieve('seti_1', { expand: ['payment_method', 'mandate'] }),
    revoke_mandate: () => stripe.paymentMethods.detach('pm_1', {}, once),
    tokenize: () => stripe.paymentMethods.create({
      type: 'card', card, billing_details: { name: 'Test Card', address }, metadata: { label: '7' },
    }, once),
    tokenize_attach: () => stripe.paymentMethods.attach('pm_1', { customer: 'cus_1' }, once),
    create_customer: () => stripe.customers.create({
      name: 'Jo Doe', email: 'jo@example.com', phone: '+14155550100', business_name: 'Acme Ltd', address,
      shipping: { name: 'Sam', address: { line1: '2 Main Street', country: 'US' } }, metadata: { patchbay_reference: 'customer-42', tier: 'gold' },
    }, once),
    get_customer: () => stripe.customers.retrieve('cus_1'),
    update_customer: () => stripe.customers.update('cus_1', { email: 'new@example.com' }, once),
    delete_customer: () => stripe.customers.del('cus_1'),
    client_session: () => intents.create({
      amount: 1050, currency: 'eur', capture_method: 'automatic', automatic_payment_methods: { enabled: true },
      receipt_email: 'jo@example.com', metadata: { patchbay_reference: 'order-1001' },
    }, once),
    list_disputes: () => stripe.disputes.list({
      payment_intent: 'pi_1', limit: 50, starting_after: 'du_1', created: { gte: 1767225600, lt: 1769904000 }, expand: ['data.payment_intent'],
    }),
    get_dispute: () => stripe.disputes.retrieve('du_1', { expand: ['payment_intent'] }),
    accept_dispute: () => stripe.disputes.close('du_1', { expand: ['payment_intent'] }, once),
    submit_evidence: () => stripe.disputes.update('du_1', {
      evidence: { receipt: 'file_1', product_description: 'Tickets' }, submit: false, expand: ['payment_intent'],
    }, once),
    defend_dispute: () => stripe.disputes.update('du_1', { submit: true, expand: ['payment_intent'] }, once),
    create_payout: () => stripe.payouts.create({
      amount: 1050, currency: 'eur', destination: 'ba_1', method: 'standard', statement_descriptor: 'ACME PAYOUT',
      metadata: { patchbay_reference: 'payout-31', week: '7' },
    }, once),
    get_payout: () => stripe.payouts.retrieve('po_1'),
    void_payout: () => stripe.payouts.cancel('po_1', {}, once),
  };
});
