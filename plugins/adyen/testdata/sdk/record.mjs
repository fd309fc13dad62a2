// Records what Adyen's official Node SDK sends for the inputs of sdkdiff_test.go, one
// JSON file an operation, and a webhook that its HmacValidator signs (webhook.json).
//
//   cd "$(mktemp -d)" && npm install @adyen/api-library@32.1.0 && node <path to record.mjs>
import fs from 'node:fs';
import path from 'node:path';
import { record } from '../../../../sdk/connectortest/sdkdiff/recorder.mjs';

const merchantAccount = 'TestMerchantECOM';
const key = '9064450A8892A093D9E97EFCC9639DE31B74F3A7803135555A3C96F5A57915D6';
const once = { idempotencyKey: 'recorder-key' };
const amount = { currency: 'EUR', value: 1050 };
const part = { currency: 'EUR', value: 400 };
const basic = { merchantAccount, amount, reference: 'order-1001', returnUrl: 'https://shop.example/return' };
const card = { type: 'scheme', number: '4111111111111111', expiryMonth: '03', expiryYear: '2030', cvc: '737', holderName: 'Test Card' };
const stored = { type: 'scheme', storedPaymentMethodId: 'M5N7TQ4TG5PFWR50' };
const dispute = { merchantAccountCode: merchantAccount, disputePspReference: 'DZ4DPSHB4WD2WN82' };

function sign(out, HmacValidator) {
  const item = {
    pspReference: '9913140798220028', originalReference: '', merchantAccountCode: merchantAccount, merchantReference: 'order:1001\\2',
    amount, eventCode: 'AUTHORISATION', success: 'true', eventDate: '2030-01-31T12:00:00+01:00', paymentMethod: 'visa', reason: '',
  };
  item.additionalData = { hmacSignature: new HmacValidator().calculateHmac(item, key) };
  const webhook = { live: 'false', notificationItems: [{ NotificationRequestItem: item }] };
  fs.writeFileSync(path.join(out, 'webhook.json'), `${JSON.stringify(webhook, null, 2)}\n`);
}

await record(import.meta.dirname, { redirect: true, drop: ['adyen-library-name', 'adyen-library-version'] }, ({ load }) => {
  const { Client, CheckoutAPI, HmacValidator } = load('@adyen/api-library');
  sign(import.meta.dirname, HmacValidator ?? load('@adyen/api-library/lib/src/utils/hmacValidator').default);
  const client = new Client({ apiKey: 'AQE_tests', environment: 'TEST' });
  const { PaymentsApi, ModificationsApi, RecurringApi } = new CheckoutAPI(client);
  // The SDK is of v72, which takes the same requests; the connector asks for v71.
  for (const api of [PaymentsApi, ModificationsApi, RecurringApi]) api.baseUrl = api.baseUrl.replace('/v72', '/v71');
  const { default: DisputesAPI } = load('@adyen/api-library/lib/src/services/disputesApi');
  const disputes = new DisputesAPI(client);
  const psp = '9913140798220028';
  return {
    authorize_card: () => PaymentsApi.payments({
      ...basic, paymentMethod: card, additionalData: { manualCapture: 'true' }, shopperInteraction: 'Ecommerce', shopperEmail: 'jo@example.com',
      shopperIP: '203.0.113.7', shopperLocale: 'en-GB', shopperStatement: 'TICKETS', shopperName: { firstName: 'Jo', lastName: 'Doe' },
      countryCode: 'NL', metadata: { seat: 'A 12' },
      billingAddress: { street: 'Simon Carmiggeltstraat', houseNumberOrName: '6', city: 'Amsterdam', postalCode: '1011DJ', country: 'NL' },
      browserInfo: {
        userAgent: 'Mozilla/5.0', acceptHeader: 'text/html', language: 'en-GB', colorDepth: 24, screenHeight: 800, screenWidth: 1280,
        timeZoneOffset: -60, javaEnabled: false, javaScriptEnabled: true,
      },
    }, once),
    authorize_stored: () => PaymentsApi.payments({
      ...basic, captureDelayHours: 0, paymentMethod: { ...stored, cvc: '737' }, shopperReference: 'shopper-1001',
      shopperInteraction: 'ContAuth', recurringProcessingModel: 'CardOnFile',
    }, once),
    authorize_ideal: () => PaymentsApi.payments({
      ...basic, captureDelayHours: 0, paymentMethod: { type: 'ideal' }, shopperInteraction: 'Ecommerce',
    }, once),
    authorize_external_3ds: () => PaymentsApi.payments({
      ...basic, captureDelayHours: 0, paymentMethod: card, shopperInteraction: 'Ecommerce',
      mpiData: {
        authenticationResponse: 'Y', directoryResponse: 'C', cavv: 'AAABBEg0VhI0VniQEjRWAAAAAAA=', eci: '05',
        dsTransID: 'c4e59ceb-a382-4d6a-bc87-385d591fa09d', threeDSVersion: '2.2.0',
      },
      authenticationData: { attemptAuthentication: 'never' },
    }, once),
    complete: () => PaymentsApi.paymentsDetails({ details: { redirectResult: 'X6XtfGC3!Y' } }, once),
    capture: () => ModificationsApi.captureAuthorisedPayment(psp, { merchantAccount, amount: part, reference: 'capture-5' }, once),
    void: () => ModificationsApi.cancelAuthorisedPaymentByPspReference(psp, { merchantAccount, reference: 'void-9' }, once),
    void_by_reference: () => ModificationsApi.cancelAuthorisedPayment({ merchantAccount, paymentReference: 'order-1001', reference: 'void-9' }, once),
    reverse: () => ModificationsApi.refundOrCancelPayment(psp, { merchantAccount, reference: 'reverse-3' }, once),
    adjust: () => ModificationsApi.updateAuthorisedAmount(psp, { merchantAccount, amount, reference: 'adjust-2', industryUsage: 'delayedCharge' }, once),
    create_refund: () => ModificationsApi.refundCapturedPayment(psp, {
      merchantAccount, amount: part, reference: 'refund-77', merchantRefundReason: 'CUSTOMER REQUEST',
    }, once),
    setup_mandate: () => PaymentsApi.payments({
      ...basic, reference: 'mandate-12', amount: { currency: 'EUR', value: 0 }, paymentMethod: card, shopperReference: 'shopper-1001',
      shopperInteraction: 'Ecommerce', recurringProcessingModel: 'Subscription', storePaymentMethod: true,
    }, once),
    charge_mandate: () => PaymentsApi.payments({
      ...basic, captureDelayHours: 0, paymentMethod: stored, shopperReference: 'shopper-1001',
      shopperInteraction: 'ContAuth', recurringProcessingModel: 'Subscription',
    }, once),
    get_mandate: () => RecurringApi.getTokensForStoredPaymentDetails('shopper-1001', merchantAccount),
    revoke_mandate: () => RecurringApi.deleteTokenForStoredPaymentDetails('M5N7TQ4TG5PFWR50', 'shopper-1001', merchantAccount),
    tokenize: () => RecurringApi.storedPaymentMethods({
      merchantAccount, shopperReference: 'shopper-1001', recurringProcessingModel: 'CardOnFile', paymentMethod: card,
    }, once),
    check_eligibility: () => PaymentsApi.paymentMethods({
      merchantAccount, amount, countryCode: 'NL', allowedPaymentMethods: ['scheme', 'ideal'],
    }, once),
    create_client_session: () => PaymentsApi.sessions({ ...basic, captureDelayHours: 0, countryCode: 'NL' }, once),
    accept_dispute: () => disputes.acceptDispute(dispute, once),
    defend_dispute: () => disputes.defendDispute({ ...dispute, defenseReasonCode: 'SupplyDefenseMaterial' }, once),
    upload_evidence: () => disputes.supplyDefenseDocument({
      ...dispute, defenseDocuments: [{ defenseDocumentTypeCode: 'DefenseMaterial', contentType: 'application/pdf', content: 'YWJj' }],
    }, once),
  };
});
