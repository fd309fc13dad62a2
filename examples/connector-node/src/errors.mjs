// The errors of a connector, as docs/plugin-protocol.md has them.
import { Metadata, status } from '@grpc/grpc-js';
import { encode } from './contract.mjs';

const kinds = { // gRPC code, reason unless another is given, and whether the PSP may have acted
  InvalidRequest: [status.INVALID_ARGUMENT, 'INVALID_REQUEST', 'NEVER'],
  Unsupported: [status.UNIMPLEMENTED, 'OPERATION_UNSUPPORTED', 'NEVER'],
  Misconfigured: [status.FAILED_PRECONDITION, 'CREDENTIALS_REJECTED', 'NEVER'],
  Precondition: [status.FAILED_PRECONDITION, 'STATE_FORBIDS', 'NEVER'],
  RateLimited: [status.RESOURCE_EXHAUSTED, 'RATE_LIMITED', 'NEVER'],
  Unavailable: [status.UNAVAILABLE, 'CONNECTOR_UNAVAILABLE', 'NEVER'],
  OutcomeUnknown: [status.UNKNOWN, 'OUTCOME_UNKNOWN', 'MAYBE'],
  Internal: [status.INTERNAL, 'INTERNAL', 'MAYBE'],
};

export const log = (level, message, { stack }) => console.error(JSON.stringify({ '@level': level, '@message': message, stack }));

export class ConnectorError extends Error {
  constructor(kind, message, { reason = kinds[kind][1], field, retryAfter = 1, cause } = {}) {
    super(message.toWellFormed(), { cause }); // a PSP's text may be anything; gRPC wants UTF-8
    Object.assign(this, { kind, reason, field, retryAfter });
  }
}

// toStatus says a ConnectorError in gRPC's words.
export function toStatus({ kind, message, reason, field, retryAfter }) {
  const [code, , sent] = kinds[kind];
  const detail = (type, fields) => ({ '@type': `type.googleapis.com/google.rpc.${type}`, ...fields });
  const details = [detail('ErrorInfo', { reason, domain: 'patchbay', metadata: { sent } })];
  if (field) details.push(detail('BadRequest', { fieldViolations: [{ field, description: message }] }));
  if (kind === 'Precondition') details.push(detail('PreconditionFailure', { violations: [{ type: reason, description: message }] }));
  if (kind === 'RateLimited' || kind === 'Unavailable') details.push(detail('RetryInfo', { retryDelay: `${retryAfter}s` }));
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', encode('google.rpc.Status', { code, message, details }));
  return { code, details: message, metadata };
}
