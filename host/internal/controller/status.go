package controller

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/semver"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/patchbay/patchbay/host/internal/manifest"
	"github.com/patchbay/patchbay/host/internal/reconcile"
	"github.com/patchbay/patchbay/host/internal/supervise"
	gatewayv1 "github.com/patchbay/patchbay/proto/patchbay/gateway/v1"
)

// report logs problems that are new and keeps all for those who ask.
func (c *Controller) report(problems []Problem) {
	c.mu.Lock()
	old := c.problems
	for i, p := range problems {
		known := slices.IndexFunc(old, func(o Problem) bool { return o.Error == p.Error })
		if known >= 0 {
			problems[i].Since = old[known].Since
			continue
		}
		c.config.Log.Error("a manifest is not followed; what it declared before keeps serving",
			"file", p.File, "line", p.Line, "field", p.Field, "reason", p.Reason)
	}
	c.problems = problems
	c.mu.Unlock()
	c.announce()
}

// name says which connectors the problems concern: the one that the file names,
// else the one that it declared before, else the one that it is called after.
func (c *Controller) name(errs []*manifest.Error, found []reconcile.Found, running map[string]reconcile.Declaration) []Problem {
	var problems []Problem
	for _, e := range errs {
		name := strings.TrimSuffix(strings.TrimSuffix(e.File, ".yml"), ".yaml")
		if d, ok := running[e.File]; ok {
			name = d.Manifest.Name
		}
		for _, f := range found {
			if f.File == e.File && f.Manifest.Name != "" {
				name = f.Manifest.Name
			}
		}
		problems = append(problems, *c.problem(e, name))
	}
	return problems
}

func (c *Controller) problem(e *manifest.Error, name string) *Problem {
	return &Problem{Error: *e, Name: name, Since: time.Now()}
}

// Connectors tells what there is, by name: one connector with its full description,
// all others with brief ones.
func (c *Controller) Connectors(full string) []*gatewayv1.Connector {
	c.mu.Lock()
	defer c.mu.Unlock()
	byName := map[string]*gatewayv1.Connector{}
	named := func(name string) *gatewayv1.Connector {
		if byName[name] == nil {
			byName[name] = &gatewayv1.Connector{Name: name}
		}
		return byName[name]
	}
	for file, slot := range c.slots {
		s := slot.supervisor.Status()
		of := named(s.Target.Manifest.Name)
		of.Versions = append(of.Versions, version(s, full == s.Target.Manifest.Name))
		if s.Problem != nil {
			of.Problems = append(of.Problems, startProblem(file, s))
		}
		of.Problems = append(of.Problems, egressProblems(file, s)...)
	}
	for _, p := range c.problems {
		of := named(p.Name)
		of.Problems = append(of.Problems, &gatewayv1.Problem{
			File: p.File, Line: int32(p.Line), Field: p.Field, Reason: p.Reason, Since: timestamppb.New(p.Since),
		})
	}
	connectors := make([]*gatewayv1.Connector, 0, len(byName))
	for _, connector := range byName {
		slices.SortFunc(connector.GetVersions(), func(a, b *gatewayv1.ConnectorVersion) int {
			if serving := cmp.Compare(taking(b), taking(a)); serving != 0 {
				return serving
			}
			return semver.Compare("v"+b.GetVersion(), "v"+a.GetVersion())
		})
		connectors = append(connectors, connector)
	}
	slices.SortFunc(connectors, func(a, b *gatewayv1.Connector) int { return cmp.Compare(a.GetName(), b.GetName()) })
	return connectors
}

func taking(v *gatewayv1.ConnectorVersion) int {
	if v.GetState() == gatewayv1.ConnectorState_CONNECTOR_STATE_SERVING {
		return 1
	}
	return 0
}

func version(s supervise.Status, full bool) *gatewayv1.ConnectorVersion {
	v := &gatewayv1.ConnectorVersion{
		Version:    s.Target.Manifest.Version,
		State:      state(s),
		Generation: s.Generation,
		Sha256:     s.Target.Digest,
	}
	if s.Description == nil {
		return v
	}
	v.Version, v.Sha256 = s.Serving.Manifest.Version, s.Serving.Digest
	if s.PID != 0 {
		v.StartTime = timestamppb.New(s.Since)
	}
	if v.Description = s.Description.Brief(); full {
		v.Description = s.Description.Full()
	}
	return v
}

func startProblem(file string, s supervise.Status) *gatewayv1.Problem {
	return &gatewayv1.Problem{
		File: file, Field: "command", Since: timestamppb.New(s.Problem.Since),
		Reason: s.Target.Manifest.ID() + ": " + s.Problem.Err.Error(),
	}
}

func state(s supervise.Status) gatewayv1.ConnectorState {
	switch s.State {
	case supervise.Serving:
		return gatewayv1.ConnectorState_CONNECTOR_STATE_SERVING
	case supervise.Verified:
		if s.Aside != "" {
			return gatewayv1.ConnectorState_CONNECTOR_STATE_OUT_OF_SERVICE
		}
		return gatewayv1.ConnectorState_CONNECTOR_STATE_RESTING
	case supervise.BackingOff:
		return gatewayv1.ConnectorState_CONNECTOR_STATE_BACKING_OFF
	case supervise.Quarantined:
		return gatewayv1.ConnectorState_CONNECTOR_STATE_QUARANTINED
	case supervise.Draining, supervise.Stopped:
		return gatewayv1.ConnectorState_CONNECTOR_STATE_DRAINING
	default:
		return gatewayv1.ConnectorState_CONNECTOR_STATE_STARTING
	}
}
