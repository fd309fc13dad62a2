// The PSP's HTTP API: plugins/sandbox/README.md.
import { Agent, ProxyAgent, request } from 'undici';
import { ConnectorError } from './errors.mjs';
import { translate } from './words.mjs';

const unsent = ['ECONNREFUSED', 'ENOENT', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']; // before a byte was
const { PATCHBAY_EGRESS: broker } = process.env, socketPath = /^unix:(.*)/.exec(broker)?.[1], limits = { maxResponseSize: 4 << 20 };
const dispatcher = broker // the only way out that the host gives: CONNECT, for http too
  ? new ProxyAgent({ ...limits, uri: socketPath ? 'http://broker' : broker, proxyTls: { socketPath } }) : new Agent(limits);

// post does one request of a call and returns the PSP's answer to a success.
export async function post({ config, idempotency_key, traceparent, tracestate, signal }, path, body, { connector_options }) {
  const headers = Object.entries({ 'content-type': 'application/json', 'idempotency-key': idempotency_key, traceparent, tracestate,
    authorization: `Bearer ${config.api_key ?? 'sk_sandbox_default'}`,
    'sandbox-simulate': connector_options?.simulate && JSON.stringify(connector_options.simulate), // the sandbox's own
  }).filter(([, value]) => value);
  try {
    const options = { method: 'POST', signal, dispatcher, headers: headers.flat(), body: JSON.stringify(body) };
    const answer = await request(config.base_url.replace(/\/$/, '') + path, options); // follows no redirect
    if (answer.statusCode < 200 || answer.statusCode > 299) throw refusal(answer, (await answer.body.json().catch(() => null))?.error ?? {}); // or a proxy's page
    return (await answer.body.json()) ?? {};
  } catch (error) {
    if (error instanceof ConnectorError) throw error;
    const { cause = error } = error, [, tunnel] = /^Proxy response \((\d+)\)/.exec(cause.message) ?? []; // the broker's no
    if (tunnel === '403') throw new ConnectorError('Misconfigured', "base_url is not in the manifest's egress", { reason: 'EGRESS_DENIED', cause });
    throw new ConnectorError(tunnel || unsent.includes(cause.code) ? 'Unavailable' : 'OutcomeUnknown', 'the PSP did not answer', { cause });
  }
}

function refusal({ statusCode: status, headers }, { code, message, param, nothing_done }) {
  const text = `the PSP answered ${status}${message ? `: ${message}` : ''}`;
  if (status === 401) return new ConnectorError('Misconfigured', text);
  if (status === 429) return new ConnectorError('RateLimited', text, { retryAfter: Number.parseInt(headers['retry-after']) || 1 });
  if (nothing_done === true) return new ConnectorError('Unavailable', text);
  const reason = code === 'invalid_request' ? undefined : String(code).toUpperCase();
  return new ConnectorError(translate('refusal', code) ?? 'OutcomeUnknown', text, { reason, field: translate('field', param) });
}
