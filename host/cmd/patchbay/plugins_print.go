package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

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
		return printJSON(out, m)
	}
	t := &table{tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
	people(t)
	return t.Flush()
}

// printJSON writes a message on one line. protojson varies its spaces on purpose,
// so they are taken out.
func printJSON(out io.Writer, m proto.Message) error {
	raw, err := protojson.MarshalOptions{UseProtoNames: true, EmitUnpopulated: true}.Marshal(m)
	if err != nil {
		return err
	}
	var line bytes.Buffer
	if err := json.Compact(&line, raw); err != nil {
		return err
	}
	line.WriteByte('\n')
	_, err = line.WriteTo(out)
	return err
}

type table struct{ *tabwriter.Writer }

// line writes a line. What is in it may be a plugin's own text, so control
// characters are taken out of the arguments.
func (t *table) line(format string, args ...any) {
	for i, arg := range args {
		if s, ok := arg.(string); ok {
			args[i] = strings.Map(printable, s)
		}
	}
	fmt.Fprintf(t, format+"\n", args...)
}

func printable(r rune) rune {
	if unicode.IsControl(r) {
		return ' '
	}
	return r
}

func (t *table) plugins(plugins []*adminv1.Plugin, problems []*adminv1.ManifestProblem) {
	t.line("NAME\tVERSION\tSTATE\tUNPINNED\tGENERATION\tPID\tSANDBOX\tIN FLIGHT\tMEMORY\tCPU\tAGE\tNOTE")
	for _, p := range plugins {
		t.line("%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s", p.GetName(), p.GetVersion(), standing(p), unpinned(p), orDash(p.GetGeneration()), orDash(p.GetPid()),
			cmp.Or(p.GetSandbox().GetTier(), "-"), p.GetInFlight(), memory(p), cpu(p), age(p), short(note(p)))
	}
	if len(problems) > 0 {
		t.line("\nMANIFEST\tLINE\tFIELD\tPROBLEM")
	}
	for _, p := range problems {
		t.line("%s\t%s\t%s\t%s", p.GetFile(), orDash(p.GetLine()), cmp.Or(p.GetField(), "-"), p.GetProblem().GetReason())
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
	row("state", standing(p))
	row("sha256", p.GetSha256())
	row("generation", orDash(p.GetGeneration()))
	row("pid", orDash(p.GetPid()))
	row("sandbox", confinement(p.GetSandbox()))
	row("age", age(p))
	row("starts", fmt.Sprint(p.GetStarts()))
	row("in flight", fmt.Sprint(p.GetInFlight()))
	row("memory", memory(p))
	row("cpu", cpu(p))
	row("unpinned", unpinned(p))
	row("lazy", yesNo(p.GetLazy()))
	row("egress", orNowhere(p.GetEgress().GetHosts()))
	row("denied", fmt.Sprint(p.GetEgress().GetDenied()))
	if d := p.GetEgress().GetLastDenial(); d != nil {
		row("last denied", d.GetReason())
		row("last denied at", d.GetTime().AsTime().Local().Format(time.RFC3339))
	}
	if d := p.GetDeclared(); d != nil {
		row("declared", d.GetVersion()+" sha256 "+d.GetSha256())
		row("aside", d.GetAside())
	}
	if g := p.GetLastGood(); g != nil {
		row("last good", g.GetVersion()+" sha256 "+g.GetSha256())
	}
	if problem := p.GetProblem(); problem != nil {
		row("problem", problem.GetReason())
		row("since", problem.GetSince().AsTime().Local().Format(time.RFC3339))
	}
	t.line("")
}

// event is written line by line as things happen, so its columns have fixed
// widths.
func (t *table) event(e *adminv1.WatchResponse) {
	switch {
	case e.GetCurrent() != nil:
		p := e.GetCurrent()
		t.step(time.Now(), p.GetName()+"@"+p.GetVersion(), p.GetGeneration(), p.GetPid(), "is "+state(p.GetState()), short(note(p)))
	case e.GetTransition() != nil:
		s := e.GetTransition()
		t.step(s.GetTime().AsTime(), s.GetName()+"@"+s.GetVersion(), s.GetGeneration(), s.GetPid(),
			fmt.Sprintf("%s → %s", state(s.GetFrom()), state(s.GetTo())), because(s))
	}
}

func (t *table) step(at time.Time, what string, generation uint64, pid int64, step, why string) {
	t.line("%s  %-24s  generation %-4d  pid %-8s  %-26s  %s", at.Local().Format(clock), what, generation, orDash(pid), step, why)
}

// because says why a step was made: what happened and, where a process ended
// without a word about it in the reason, how.
func because(s *adminv1.Transition) string {
	why := s.GetEvent()
	if s.GetReason() != "" {
		why += ": " + s.GetReason()
	} else if s.GetEnd() != nil {
		why += ": " + ended(s.GetEnd())
	}
	return why
}

func ended(e *adminv1.ProcessEnd) string {
	if e.GetSignal() != "" {
		return "signal: " + e.GetSignal()
	}
	return fmt.Sprintf("exit status %d", e.GetExitCode())
}

func (t *table) log(l *adminv1.LogLine) {
	t.line("%s  generation %-4d  %-5s  %s", l.GetTime().AsTime().Local().Format(clock), l.GetGeneration(), l.GetLevel(), l.GetText())
}

func state(s adminv1.PluginState) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(s.String(), "PLUGIN_STATE_")), "_", " ")
}

// standing is the state in words that say more where nothing runs on purpose.
func standing(p *adminv1.Plugin) string {
	switch {
	case p.GetState() != adminv1.PluginState_PLUGIN_STATE_VERIFIED:
		return state(p.GetState())
	case p.GetDeclared().GetAside() != "":
		return "out of service"
	case p.GetLazy():
		return "resting"
	default:
		return state(p.GetState())
	}
}

func unpinned(p *adminv1.Plugin) string {
	switch {
	case p.GetPinned():
		return "pinned"
	case p.GetServesUnpinned():
		return "yes"
	default:
		return "-"
	}
}

func note(p *adminv1.Plugin) string {
	switch d := p.GetDeclared(); {
	case d.GetAside() != "":
		return d.GetVersion() + " " + d.GetAside()
	case p.GetProblem() != nil && p.GetState() == adminv1.PluginState_PLUGIN_STATE_SERVING:
		return cmp.Or(d.GetVersion(), p.GetVersion()) + " does not start: " + p.GetProblem().GetReason()
	case p.GetProblem() != nil:
		return p.GetProblem().GetReason()
	default:
		return ""
	}
}

// short keeps a table's rows on a screen; show has all.
func short(s string) string {
	const most = 100
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return s
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

func orNowhere(hosts []string) string {
	if len(hosts) == 0 {
		return "nowhere"
	}
	return strings.Join(hosts, " ")
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
