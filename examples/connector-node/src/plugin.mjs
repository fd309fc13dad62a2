// The plugin protocol, as docs/plugin-protocol.md has it.
import { Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import selfsigned from 'selfsigned';
import { decode, definition, describe, description, encode, parsed, read } from './contract.mjs';
import { ConnectorError, log } from './errors.mjs';

const { PATCHBAY_CONNECTOR, PLUGIN_CLIENT_CERT, PLUGIN_UNIX_SOCKET_DIR } = process.env;
const needed = ['patchbay.connector.v1.ConnectorService', 'grpc.health.v1.Health', 'plugin.GRPCController'];

// serve serves the description's operations: functions of a request and the context of its call.
export async function serve(operations) {
  if (PATCHBAY_CONNECTOR !== 'payments.v1' || !PLUGIN_CLIENT_CERT || !PLUGIN_UNIX_SOCKET_DIR) {
    console.error('This is a connector for the Patchbay gateway, which starts it; see README.md.');
    process.exit(1);
  }
  process.on('SIGINT', () => {}); // Ctrl-C is for the host, which drains first
  const server = new Server({ 'grpc.max_receive_message_length': 64 << 20 }); // above the host's limit
  const all = { describe, probe: () => ({}), check: () => ({ status: 'SERVING' }), ...operations };
  const methods = Object.fromEntries(Object.entries(all).map(([name, run]) => [name, dispatch(name, run)]));
  methods.shutdown = (call, answer) => { answer(null, {}); server.tryShutdown(() => process.exit()); };
  for (const name of needed.concat(description.services.map((service) => service.name))) server.addService(definition(name), methods);
  const { cert, private: key } = await selfsigned.generate([{ name: 'commonName', value: 'localhost' }],
    { keyType: 'ec', curve: 'P-256', algorithm: 'sha256', notBeforeDate: new Date(0), notAfterDate: new Date('2049-12-31') });
  const own = [{ private_key: Buffer.from(key), cert_chain: Buffer.from(cert) }];
  const credentials = ServerCredentials.createSsl(Buffer.from(PLUGIN_CLIENT_CERT), own, true); // admits the host alone
  const socket = `${PLUGIN_UNIX_SOCKET_DIR}/connector.sock`;
  server.bindAsync(`unix:${socket}`, credentials, (error) => {
    if (error) throw error;
    console.log(`1|1|unix|${socket}|grpc|${cert.replace(/-----.*?-----|\s|=/g, '')}`); // PEM is DER in base64
  });
}

// dispatch is the way of every call, probes among them.
const dispatch = (name, run) => async (call, answer) => {
  try {
    answer(null, await run(call.request(), contextOf(call)));
  } catch (error) {
    if (!(error instanceof ConnectorError)) log('error', `${name} failed`, error);
    answer(toStatus(error instanceof ConnectorError ? error : new ConnectorError('Internal', 'the connector failed')));
  }
};

function contextOf(call) {
  const [raw] = call.metadata.get('patchbay-context-bin');
  const { config, ...context } = raw ? decode('patchbay.connector.v1.CallContext', raw) : {};
  const left = Math.min(call.getDeadline() - Date.now(), 600_000) * 0.95; // leaves time to answer
  return { ...context, signal: AbortSignal.timeout(Math.max(0, Math.floor(left))), get config() { return configuration(parsed(config)); } };
}

const fits = new Ajv2020().compile(description.config_schema);
function configuration(config) {
  if (fits(config)) return config;
  throw new ConnectorError('Misconfigured', "the account's configuration does not fit its schema", { reason: 'CONFIG_INVALID' });
}

const kinds = JSON.parse(read('errors.json'));
// toStatus says a ConnectorError in gRPC's words.
function toStatus({ kind, message, reason = kinds[kind].reason, field, violations, retryAfter = 1 }) {
  const details = [];
  const add = (type, fields) => details.push({ '@type': `type.googleapis.com/google.rpc.${type}`, ...fields });
  add('ErrorInfo', { reason, domain: 'patchbay', metadata: { sent: kinds[kind].sent } });
  if (violations || field) add('BadRequest', { fieldViolations: violations ?? [{ field, description: message }] });
  if (kind === 'Precondition') add('PreconditionFailure', { violations: [{ type: reason, description: message }] });
  if (kind === 'RateLimited' || kind === 'Unavailable') add('RetryInfo', { retryDelay: `${retryAfter}s` });
  const code = status[kinds[kind].code], metadata = new Metadata();
  metadata.set('grpc-status-details-bin', encode('google.rpc.Status', { code, message, details }));
  return { code, details: message, metadata };
}
