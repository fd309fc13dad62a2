// The errors of a connector, as docs/plugin-protocol.md has them, and its log.
// hidden masks what may be a card number: a PSP's text may quote anything.
const hidden = (text) => text.toWellFormed().replace(/\b\d(?:[ -]?\d){11,18}\b/g, '[redacted]');
export const log = (level, message, { stack }) => console.error(hidden(JSON.stringify({ '@level': level, '@message': message, stack })));

// ConnectorError is of a kind in errors.json; more is a reason, a field or violations, and retryAfter.
export class ConnectorError extends Error {
  constructor(kind, message, { cause, ...more } = {}) {
    Object.assign(super(hidden(message), { cause }), { kind, ...more });
  }
}
