package host

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/patchbay/patchbay/host/internal/gateway"
)

// Limits bound what the gateway takes on; docs/operating.md explains each.
type Limits struct {
	Connections int `yaml:"connections"`

	InFlight  int     `yaml:"in_flight"`
	PerSecond float64 `yaml:"per_second"`

	InFlightPerConnector  int                        `yaml:"in_flight_per_connector"`
	PerSecondPerConnector float64                    `yaml:"per_second_per_connector"`
	Connectors            map[string]ConnectorLimits `yaml:"connectors"` // that differ from the rest

	MaxMessageBytes int           `yaml:"max_message_bytes"`
	Receive         time.Duration `yaml:"receive"`
	StreamIdle      time.Duration `yaml:"stream_idle"`
}

// ConnectorLimits are those of one connector. What is not set is as for the rest.
type ConnectorLimits struct {
	InFlight  int     `yaml:"in_flight"`
	PerSecond float64 `yaml:"per_second"`
}

func (l *Limits) complete() {
	l.Connections = or(l.Connections, 4096)
	l.InFlight = or(l.InFlight, 2048)
	l.InFlightPerConnector = or(l.InFlightPerConnector, 1024)
	l.MaxMessageBytes = or(l.MaxMessageBytes, 4<<20)
	l.Receive = or(l.Receive, 10*time.Second)
	l.StreamIdle = or(l.StreamIdle, 5*time.Minute)
}

func (l *Limits) check() error {
	var errs []error
	positive := func(field string, value float64) {
		if value < 0 {
			errs = append(errs, fmt.Errorf("limits.%s: %g is negative", field, value))
		}
	}
	positive("connections", float64(l.Connections))
	positive("in_flight", float64(l.InFlight))
	positive("per_second", l.PerSecond)
	positive("in_flight_per_connector", float64(l.InFlightPerConnector))
	positive("per_second_per_connector", l.PerSecondPerConnector)
	positive("max_message_bytes", float64(l.MaxMessageBytes))
	positive("receive", l.Receive.Seconds())
	positive("stream_idle", l.StreamIdle.Seconds())
	for _, name := range slices.Sorted(maps.Keys(l.Connectors)) {
		positive("connectors."+name+".in_flight", float64(l.Connectors[name].InFlight))
		positive("connectors."+name+".per_second", l.Connectors[name].PerSecond)
		if err := CheckName(name); err != nil {
			errs = append(errs, fmt.Errorf("limits.connectors: %w", err))
		}
	}
	return errors.Join(errs...)
}

// gateway gives the limits as the gateway takes them.
func (l *Limits) gateway() gateway.Limits {
	limits := gateway.Limits{
		InFlight: l.InFlight, PerSecond: l.PerSecond,
		Each:       gateway.ConnectorLimits{InFlight: l.InFlightPerConnector, PerSecond: l.PerSecondPerConnector},
		Connectors: map[string]gateway.ConnectorLimits{},
		Receive:    l.Receive, StreamIdle: l.StreamIdle,
	}
	for name, own := range l.Connectors {
		of := limits.Each
		if own.InFlight > 0 {
			of.InFlight = own.InFlight
		}
		if own.PerSecond > 0 {
			of.PerSecond = own.PerSecond
		}
		limits.Connectors[name] = of
	}
	return limits
}
