// The PSP's HTTP API: plugins/sandbox/README.md.
import { Agent, fetch } from 'undici';
import { ConnectorError } from './errors.mjs';
import { translate } from './words.mjs';

const unsent = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']; // before a byte was
const dispatcher = new Agent({ maxResponseSize: 4 << 20 });

// post does one request of a call and returns the PSP's answer to a success.
export async function post({ config, idempotency_key, traceparent, tracestate, signal }, path, body, { connector_options }) {
  const headers = Object.entries({
    'content-type': 'application/json', authorization: `Bearer ${config.api_key ?? 'sk_sandbox_default'}`,
    'idempotency-key': idempotency_key, traceparent, tracestate,
    'sandbox-simulate': connector_options?.simulate && JSON.stringify(connector_options.simulate), // the sandbox's own
  }).filter(([, value]) => value);
  try {
    const response = await fetch(config.base_url.replace(/\/$/, '') + path, {
      method: 'POST', redirect: 'manual', signal, dispatcher, headers, body: JSON.stringify(body),
    });
    if (!response.ok) throw refusal(response, (await response.json().catch(() => null))?.error ?? {}); // or a proxy's page
    return (await response.json()) ?? {};
  } catch (error) {
    if (error instanceof ConnectorError) throw error;
    const { cause = error } = error;
    throw new ConnectorError(unsent.includes(cause.code) ? 'Unavailable' : 'OutcomeUnknown', 'the PSP did not answer', { cause });
  }
}

function refusal({ status, headers }, { code, message, param, nothing_done }) {
  const text = `the PSP answered ${status}${message ? `: ${message}` : ''}`;
  if (status === 401) return new ConnectorError('Misconfigured', text);
  if (status === 429) return new ConnectorError('RateLimited', text, { retryAfter: Number.parseInt(headers.get('retry-after')) || 1 });
  if (nothing_done === true) return new ConnectorError('Unavailable', text);
  const reason = code === 'invalid_request' ? undefined : String(code).toUpperCase();
  return new ConnectorError(translate('refusal', code) ?? 'OutcomeUnknown', text, { reason, field: translate('field', param) });
}
