// The plugin protocol, as docs/plugin-protocol.md has it.
import { X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import selfsigned from 'selfsigned';
import { decode, definition } from './contract.mjs';
import { ConnectorError, log, toStatus } from './errors.mjs';

const { PATCHBAY_CONNECTOR, PLUGIN_CLIENT_CERT, PLUGIN_UNIX_SOCKET_DIR } = process.env;

// serve serves operations, by service and method: functions of a request and the context of its call.
export async function serve(services) {
  if (PATCHBAY_CONNECTOR !== 'payments.v1' || !PLUGIN_CLIENT_CERT || !PLUGIN_UNIX_SOCKET_DIR) {
    console.error('This is a connector for the Patchbay gateway, which starts it; see README.md.');
    process.exit(1);
  }
  process.on('SIGINT', () => {}); // Ctrl-C is for the host, which drains first
  const server = new Server({ 'grpc.max_receive_message_length': 64 << 20 }); // above the host's limit
  const add = (service, methods) => server.addService(definition(service, Object.keys(methods)), methods);
  add('grpc.health.v1.Health', { Check: (call, answer) => answer(null, { status: 'SERVING' }) });
  add('plugin.GRPCController', { Shutdown: (call, answer) => { answer(null, {}); server.tryShutdown(() => process.exit()); } });
  for (const [service, operations] of Object.entries(services)) {
    add(service, Object.fromEntries(Object.entries(operations).map(([name, run]) => [name, dispatch(name, run)])));
  }
  const { cert, private: key } = await selfsigned.generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec', curve: 'P-256', algorithm: 'sha256', notBeforeDate: new Date(0), notAfterDate: new Date('2049-12-31'),
  });
  const own = [{ private_key: Buffer.from(key), cert_chain: Buffer.from(cert) }];
  const credentials = ServerCredentials.createSsl(Buffer.from(PLUGIN_CLIENT_CERT), own, true); // admits the host alone
  const socket = `${PLUGIN_UNIX_SOCKET_DIR}/connector.sock`;
  await promisify(server.bindAsync).call(server, `unix:${socket}`, credentials);
  console.log(`1|1|unix|${socket}|grpc|${new X509Certificate(cert).raw.toString('base64').replaceAll('=', '')}`);
}

// dispatch is the way of every call, probes among them.
const dispatch = (name, run) => async (call, answer) => {
  try {
    answer(null, await run(call.request, contextOf(call)));
  } catch (error) {
    if (!(error instanceof ConnectorError)) log('error', `${name} failed`, error);
    answer(toStatus(error instanceof ConnectorError ? error : new ConnectorError('Internal', 'the connector failed')));
  }
};

function contextOf(call) {
  const [raw] = call.metadata.get('patchbay-context-bin');
  const { idempotency_key: idempotencyKey, config } = raw ? decode('patchbay.connector.v1.CallContext', raw) : {};
  const left = Math.min(Math.max(0, call.getDeadline() - Date.now()), 600_000);
  const signal = AbortSignal.timeout(Math.floor(left * 0.95)); // leaves time to answer
  return { idempotencyKey, signal, config: config ? JSON.parse(Buffer.from(config, 'base64')) : {} };
}
