// Package wire holds what host and connector must agree on and nothing else:
// the handshake, the call context, the details of an error, the rules that a
// message must keep, and the one redactor.
package wire

// ProtocolVersion is the version of the agreement between host and connector
// that go-plugin's handshake negotiates.
const ProtocolVersion = 1

// CookieKey and CookieValue are go-plugin's magic cookie. It tells people who
// start a connector by hand what it is; it protects nothing.
const (
	CookieKey   = "PATCHBAY_CONNECTOR"
	CookieValue = "payments.v1"
)

// PluginName is the name under which a connector is served to go-plugin.
const PluginName = "connector"

// TLSFileEnv names the environment variable with the number of the inherited
// file that holds, in PEM, the certificate and key to serve with, followed by
// the host's certificate. A connector that does not know it uses go-plugin's
// AutoMTLS, which the host offers as well.
const TLSFileEnv = "PATCHBAY_TLS_FILE"

// TLSServerName is the name in the certificates of both sides.
const TLSServerName = "localhost"

// Metadata keys of the gateway's edge, documented in docs/api.md.
const (
	ConnectorHeader      = "x-connector"
	AccountHeader        = "x-account"
	ConfigHeader         = "x-connector-config"
	IdempotencyKeyHeader = "idempotency-key"
	RequestIDHeader      = "x-request-id"
	TraceParentHeader    = "traceparent"
	TraceStateHeader     = "tracestate"
)

// Names of the services that the host itself knows.
const (
	PaymentsPackage  = "patchbay.payments.v1"
	ConnectorService = "patchbay.connector.v1.ConnectorService"
	ProbeMethod      = "/" + ConnectorService + "/Probe"
	DescribeMethod   = "/" + ConnectorService + "/Describe"
)
