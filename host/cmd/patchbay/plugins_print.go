package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	adminv1 "github.com/patchbay/patchbay/proto/patchbay/admin/v1"
)

// clock is how times of the day are written for people.
const clock = "15:04:05.000"

// print writes a message: as JSON on one line for programs, or as a table for
// people.
func (o *operator) print(out io.Writer, m proto.Message, people func(*table)) error {
	if o.output == "json" {
		raw, err := protojson.MarshalOptions{UseProtoNames: true, EmitUnpopulated: true}.Marshal(m)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%s\n", raw)
		return err
	}
	t := &table{tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
	people(t)
	return t.Flush()
}

type table struct{ *tabwriter.Writer }

func (t *table) line(format string, args ...any) { fmt.Fprintf(t, format+"\n", args...) }

func (t *table) plugins(plugins []*adminv1.Plugin, problems []*adminv1.ManifestProblem) {
	t.line("NAME\tVERSION\tSTATE\tGENERATION\tPID\tSANDBOX\tIN FLIGHT\tMEMORY\tCPU\tAGE\tNOTE")
	for _, p := range plugins {
		t.line("%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s", p.GetName(), p.GetVersion(), state(p.GetState()), orDash(p.GetGeneration()), orDash(p.GetPid()),
			cmp.Or(p.GetSandbox().GetTier(), "-"), p.GetInFlight(), memory(p), cpu(p), age(p), note(p))
	}
	if len(problems) > 0 {
		t.line("\nMANIFEST\tLINE\tFIELD\tPROBLEM")
	}
	for _, p := range problems {
		t.line("%s\t%s\t%s\t%s", p.GetFile(), orDash(p.GetLine()), p.GetField(), p.GetProblem().GetReason())
	}
}

func (t *table) details(p *adminv1.Plugin) {
	row := func(name, value string) {
		if value != "" {
			t.line("%s\t%s", name, value)
		}
	}
	row("name", p.GetName())
	row("version", p.GetVersion())
	row("manifest", p.GetFile())
	row("state", state(p.GetState()))
	row("sha256", p.GetSha256())
	row("generation", orDash(p.GetGeneration()))
	row("pid", orDash(p.GetPid()))
	row("sandbox", confinement(p.GetSandbox()))
	row("serving for", age(p))
	row("starts", fmt.Sprint(p.GetStarts()))
	row("calls in flight", fmt.Sprint(p.GetInFlight()))
	row("memory", memory(p))
	row("cpu", cpu(p))
	row("serves unpinned calls", yesNo(p.GetServesUnpinned()))
	row("pinned", yesNo(p.GetPinned()))
	row("started by the first call", yesNo(p.GetLazy()))
	if d := p.GetDeclared(); d != nil {
		row("declared", d.GetVersion()+" sha256 "+d.GetSha256())
		row("not serving, since", d.GetAside())
	}
	if g := p.GetLastGood(); g != nil {
		row("could go back to", g.GetVersion()+" sha256 "+g.GetSha256())
	}
	if problem := p.GetProblem(); problem != nil {
		row("problem", problem.GetReason())
		row("problem since", problem.GetSince().AsTime().Local().Format(time.RFC3339))
	}
	t.line("")
}

func (t *table) event(e *adminv1.WatchResponse) {
	switch {
	case e.GetCurrent() != nil:
		p := e.GetCurrent()
		t.line("%s  %s@%s generation=%d pid=%d %s", time.Now().Format(clock), p.GetName(), p.GetVersion(), p.GetGeneration(), p.GetPid(), state(p.GetState()))
	case e.GetTransition() != nil:
		s := e.GetTransition()
		words := fmt.Sprintf("%s  %s@%s generation=%d pid=%d %s → %s (%s)", s.GetTime().AsTime().Local().Format(clock), s.GetName(), s.GetVersion(), s.GetGeneration(), s.GetPid(),
			state(s.GetFrom()), state(s.GetTo()), s.GetEvent())
		if s.GetReason() != "" {
			words += ": " + s.GetReason()
		}
		t.line("%s", words)
	}
}

func state(s adminv1.PluginState) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(s.String(), "PLUGIN_STATE_")), "_", " ")
}

func note(p *adminv1.Plugin) string {
	switch {
	case p.GetDeclared().GetAside() != "":
		return p.GetDeclared().GetVersion() + " " + p.GetDeclared().GetAside()
	case p.GetProblem() != nil:
		return p.GetProblem().GetReason()
	case p.GetPinned():
		return "pinned"
	case p.GetLazy() && p.GetPid() == 0:
		return "starts at the first call"
	default:
		return ""
	}
}

func confinement(s *adminv1.Sandbox) string {
	if missing := strings.Join(s.GetMissing(), ", "); missing != "" {
		return s.GetTier() + " without " + missing
	}
	return s.GetTier()
}

func memory(p *adminv1.Plugin) string {
	if p.ResidentMemoryBytes == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f MB", float64(p.GetResidentMemoryBytes())/1e6)
}

func cpu(p *adminv1.Plugin) string {
	if p.GetCpuTime() == nil {
		return "-"
	}
	return fmt.Sprintf("%.2fs", p.GetCpuTime().AsDuration().Seconds())
}

func age(p *adminv1.Plugin) string {
	if p.GetServingSince() == nil {
		return "-"
	}
	return time.Since(p.GetServingSince().AsTime()).Round(time.Second).String()
}

func orDash[T uint32 | uint64 | int64](n T) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
