package admin

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/patchbay/patchbay/host/internal/controller"
	"github.com/patchbay/patchbay/host/internal/reconcile"
	"github.com/patchbay/patchbay/host/internal/supervise"
	adminv1 "github.com/patchbay/patchbay/proto/patchbay/admin/v1"
)

func (s *Server) list(name string) []*adminv1.Plugin {
	var plugins []*adminv1.Plugin
	for _, p := range s.plugins.Plugins(name) {
		plugins = append(plugins, s.plugin(p))
	}
	return plugins
}

func (s *Server) plugin(p controller.Plugin) *adminv1.Plugin {
	out := &adminv1.Plugin{
		Name:           p.Target.Manifest.Name,
		Version:        p.Version(),
		File:           p.File,
		State:          states[p.State],
		Generation:     p.Generation,
		Pid:            int64(p.PID),
		Sha256:         p.Serving.Digest,
		Starts:         uint32(p.Starts),
		InFlight:       uint32(p.InFlight()),
		ServesUnpinned: p.ServesUnpinned,
		Pinned:         p.Pinned,
		Lazy:           p.Target.Manifest.Lazy(),
	}
	if p.PID != 0 {
		out.ServingSince = timestamppb.New(p.Since)
		out.Sandbox = &adminv1.Sandbox{Tier: p.Sandbox.Tier.String(), Missing: p.Sandbox.Missing}
		if memory, cpu, ok := s.usage(p.PID); ok {
			out.ResidentMemoryBytes = &memory
			out.CpuTime = durationpb.New(time.Duration(cpu * float64(time.Second)))
		}
	}
	if !p.Target.Same(p.Serving) {
		out.Declared = declared(p.Target)
		out.Declared.Aside = p.Aside
	}
	if p.Good.Digest != "" {
		out.LastGood = declared(p.Good)
	}
	out.Egress = way(p)
	if p.Problem != nil {
		out.Problem = &adminv1.Problem{Reason: p.Problem.Err.Error(), Since: timestamppb.New(p.Problem.Since)}
	}
	return out
}

// way tells of a plugin's way out.
func way(p controller.Plugin) *adminv1.Egress {
	out, denied := &adminv1.Egress{Hosts: p.Target.Manifest.Egress}, p.Denied()
	if p.Serving.Digest != "" {
		out.Hosts = p.Serving.Manifest.Egress
	}
	if out.Denied = denied.Count; denied.Count > 0 {
		out.LastDenial = &adminv1.EgressDenial{Host: denied.Host, Reason: denied.Reason, Time: timestamppb.New(denied.Time)}
	}
	return out
}

func declared(d reconcile.Declaration) *adminv1.Declared {
	return &adminv1.Declared{Version: d.Manifest.Version, Sha256: d.Digest}
}

func (s *Server) problems(name string) []*adminv1.ManifestProblem {
	var problems []*adminv1.ManifestProblem
	for _, p := range s.plugins.Problems(name) {
		problems = append(problems, &adminv1.ManifestProblem{
			File: p.File, Line: uint32(p.Line), Field: p.Field,
			Problem: &adminv1.Problem{Reason: p.Reason, Since: timestamppb.New(p.Since)},
		})
	}
	return problems
}

func transition(t supervise.Transition) *adminv1.Transition {
	out := &adminv1.Transition{
		Time:       timestamppb.New(t.Time),
		Name:       t.Manifest.Name,
		Version:    t.Manifest.Version,
		File:       t.File,
		Sha256:     t.Digest,
		Generation: t.Generation,
		Pid:        int64(t.PID),
		From:       states[t.From],
		To:         states[t.To],
		Event:      string(t.Event),
		Reason:     t.Reason,
	}
	if t.End != nil {
		out.End = &adminv1.ProcessEnd{ExitCode: int32(t.End.Code), ByHost: t.End.ByHost, LastWords: t.End.LastWords}
		if t.End.Signal != 0 {
			out.End.Signal = t.End.Signal.String()
		}
	}
	return out
}

func logLine(l supervise.Line) *adminv1.LogLine {
	return &adminv1.LogLine{Time: timestamppb.New(l.Time), Generation: l.Generation, Level: l.Level.String(), Text: l.Text}
}

var states = map[supervise.State]adminv1.PluginState{
	supervise.Verified:    adminv1.PluginState_PLUGIN_STATE_VERIFIED,
	supervise.Starting:    adminv1.PluginState_PLUGIN_STATE_STARTING,
	supervise.Probing:     adminv1.PluginState_PLUGIN_STATE_PROBING,
	supervise.Serving:     adminv1.PluginState_PLUGIN_STATE_SERVING,
	supervise.Draining:    adminv1.PluginState_PLUGIN_STATE_DRAINING,
	supervise.BackingOff:  adminv1.PluginState_PLUGIN_STATE_BACKING_OFF,
	supervise.Quarantined: adminv1.PluginState_PLUGIN_STATE_QUARANTINED,
	supervise.Stopped:     adminv1.PluginState_PLUGIN_STATE_STOPPED,
}
