package gateway

import (
	"sync"

	"google.golang.org/grpc/codes"

	"github.com/patchbay/patchbay/host/internal/telemetry"
	"github.com/patchbay/patchbay/sdk/wire"
)

// blame is whose fault a failure is: it depends on who gives the reason.
type blame struct{ gateway, connector telemetry.Fault }

// configuration stands for whoever gave it: the host for an account that it
// holds, else the caller.
const configuration telemetry.Fault = "configuration"

// faults is the fault behind each reason of the contract.
var faults = sync.OnceValue(func() map[string]blame {
	const (
		caller, connector = telemetry.FaultCaller, telemetry.FaultConnector
		psp, host         = telemetry.FaultPSP, telemetry.FaultHost
	)
	return map[string]blame{
		wire.ReasonInvalidRequest:       {caller, caller},
		wire.ReasonConnectorRequired:    {caller, connector},
		wire.ReasonConnectorConflict:    {caller, connector},
		wire.ReasonConnectorUnknown:     {caller, connector},
		wire.ReasonAccountUnknown:       {caller, connector},
		wire.ReasonOperationUnsupported: {caller, caller},
		wire.ReasonConfigInvalid:        {configuration, configuration},
		wire.ReasonConfigForbidden:      {caller, connector},
		wire.ReasonCredentialsRejected:  {configuration, configuration},
		wire.ReasonEgressDenied:         {connector, configuration},
		wire.ReasonUnauthenticated:      {caller, connector},
		wire.ReasonPermissionDenied:     {caller, connector},
		wire.ReasonPrecondition:         {caller, caller},
		wire.ReasonKeyReused:            {caller, caller},
		wire.ReasonRateLimited:          {caller, psp},
		wire.ReasonOverloaded:           {host, connector},
		wire.ReasonUnavailable:          {connector, psp},
		wire.ReasonMessageTooLarge:      {caller, caller},
		wire.ReasonStreamIdle:           {caller, connector},
		wire.ReasonOutcomeUnknown:       {connector, psp},
		wire.ReasonIntegrityMismatch:    {connector, psp},
		wire.ReasonInternal:             {host, connector},
	}
})

// fault says whose fault it is that the call ended as it did.
func (c *call) fault(code codes.Code) telemetry.Fault {
	if code == codes.OK {
		return telemetry.FaultNone
	}
	sides, known := faults()[c.reason]
	side := sides.gateway
	switch {
	case c.answered:
		if side = sides.connector; !known {
			side = ownReason(code)
		}
	case !known: // only a caller that went away ends a call without a reason
		side = telemetry.FaultCaller
	}
	if side != configuration {
		return side
	}
	if c.pick.account != "" {
		return telemetry.FaultHost
	}
	return telemetry.FaultCaller
}

// ownReason is the fault behind a reason that only the connector knows.
func ownReason(code codes.Code) telemetry.Fault {
	switch code {
	case codes.InvalidArgument, codes.FailedPrecondition, codes.NotFound, codes.AlreadyExists, codes.OutOfRange,
		codes.Unimplemented, codes.PermissionDenied, codes.Unauthenticated:
		return telemetry.FaultCaller
	case codes.Unavailable, codes.ResourceExhausted, codes.Unknown, codes.DeadlineExceeded:
		return telemetry.FaultPSP
	default:
		return telemetry.FaultConnector
	}
}
