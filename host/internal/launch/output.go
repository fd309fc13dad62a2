package launch

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/time/rate"

	"github.com/patchbay/patchbay/sdk/wire"
)

const (
	maxLine   = 8 << 10 // bytes of a line that are looked at; the rest is dropped
	keepLines = 3       // of stderr, for telling why a process ended
)

// output is what a plugin writes on stderr, and on stdout after the handshake.
// It is untrusted text: lines are cut, control characters removed, card numbers and
// known secrets masked, and nothing in them can end the host.
type output struct {
	log     hclog.Logger
	each    func(hclog.Level, string) // may be nil
	secrets func() []string           // that are known

	mu      sync.Mutex
	last    []string
	cause   string // the line with which a Go program says why it dies
	lines   *rate.Limiter
	bytes   *rate.Limiter
	dropped int // lines that came too fast for the log
}

// A plugin may write this many lines and bytes a second to the log, and a burst of
// them: a chatty guest must not fill the host's disk.
const (
	linesPerSecond = 500
	linesAtOnce    = 2000
	bytesPerSecond = 128 << 10
	bytesAtOnce    = 1 << 20
)

func newOutput(spec Spec) *output {
	if spec.Secrets == nil {
		spec.Secrets = func() []string { return nil }
	}
	return &output{
		log: spec.Log, each: spec.Line, secrets: spec.Secrets,
		lines: rate.NewLimiter(linesPerSecond, linesAtOnce), bytes: rate.NewLimiter(bytesPerSecond, bytesAtOnce),
	}
}

// drain reads until the stream ends, whatever comes.
func (o *output) drain(r io.Reader) {
	in := bufio.NewReaderSize(r, maxLine)
	for {
		line, err := in.ReadSlice('\n')
		if len(line) > 0 {
			o.line(line)
		}
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = in.ReadSlice('\n')
		}
		if err != nil {
			return
		}
	}
}

// Write implements io.Writer for what go-plugin passes on by itself.
func (o *output) Write(p []byte) (int, error) {
	o.drain(strings.NewReader(string(p)))
	return len(p), nil
}

func (o *output) line(raw []byte) {
	level, text := parseLine(raw)
	if text == "" {
		return
	}
	if secrets := o.secrets(); len(secrets) > 0 {
		text = wire.Hide(text, secrets)
	}
	o.mu.Lock()
	o.last = append(o.last, text)
	if len(o.last) > keepLines {
		o.last = o.last[1:]
	}
	if strings.HasPrefix(text, "panic: ") || strings.HasPrefix(text, "fatal error: ") {
		o.cause = text
	}
	logged := o.lines.Allow() && o.bytes.AllowN(time.Now(), len(text))
	dropped := o.dropped
	if o.dropped = 0; !logged {
		o.dropped = dropped + 1
	}
	o.mu.Unlock()
	if o.each != nil {
		o.each(level, text)
	}
	if logged && dropped > 0 {
		o.log.Warn("lines of the plugin came too fast for the log", "dropped", dropped)
	}
	if logged {
		o.log.Log(level, text)
	}
}

// tail returns the lines that tell most about an end: the cause if one was
// given, else the last ones.
func (o *output) tail() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.cause != "" {
		return []string{o.cause}
	}
	return slices.Clone(o.last)
}

// parseLine reads a line in hclog's JSON, or any other line as it is.
func parseLine(raw []byte) (hclog.Level, string) {
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		return hclog.Info, clean(string(raw))
	}
	word := func(key string) string {
		s, _ := fields[key].(string)
		delete(fields, key)
		return s
	}
	level := hclog.LevelFromString(word("@level"))
	if level == hclog.NoLevel {
		level = hclog.Info
	}
	text := word("@message")
	word("@timestamp")
	word("@module")
	if len(fields) > 0 {
		rest, err := json.Marshal(fields)
		if err == nil {
			text += " " + string(rest)
		}
	}
	return level, clean(text)
}

func clean(s string) string {
	s = strings.ToValidUTF8(strings.TrimSpace(s), "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	return wire.RedactText(s)
}
