package docs_test

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

var (
	linkPattern = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	codePattern = regexp.MustCompile("`[^`]*`")
)

// TestLinks follows every relative link and anchor.
func TestLinks(t *testing.T) {
	anchors := map[string]map[string]bool{} // by document
	all := documents(t)
	for _, d := range all {
		anchors[d.path] = d.anchors()
	}
	followed := 0
	for _, d := range all {
		for _, l := range d.prose {
			for _, m := range linkPattern.FindAllStringSubmatch(codePattern.ReplaceAllString(l.text, ""), -1) {
				if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
					continue
				}
				followed++
				file, anchor, _ := strings.Cut(m[1], "#")
				target := d.path
				if file != "" {
					target = path.Join(path.Dir(d.path), file)
				}
				if _, err := os.Stat(filepath.Join(root, target)); err != nil {
					t.Errorf("%s:%d: %s leads nowhere", d.path, l.number, m[1])
				} else if anchor != "" && !anchors[target][anchor] {
					t.Errorf("%s:%d: %s has no heading #%s", d.path, l.number, target, anchor)
				}
			}
		}
	}
	if followed < 20 {
		t.Errorf("only %d links were found", followed)
	}
}

// anchors are the headings' names as GitHub makes them.
func (d document) anchors() map[string]bool {
	names := map[string]bool{}
	for _, l := range d.prose {
		if text := strings.TrimLeft(l.text, "#"); text != l.text && strings.HasPrefix(text, " ") {
			names[slug(text)] = true
		}
	}
	return names
}

func slug(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		case r == ' ':
			return '-'
		}
		return -1
	}, strings.TrimSpace(heading))
}

func TestSlug(t *testing.T) {
	for heading, want := range map[string]string{
		" Path of a call":         "path-of-a-call",
		" `sent`: NEVER or MAYBE": "sent-never-or-maybe",
	} {
		if got := slug(heading); got != want {
			t.Errorf("%q: got %q, want %q", heading, got, want)
		}
	}
}

// machinePath finds directories that exist on one machine only.
var machinePath = regexp.MustCompile(`(^|[^A-Za-z0-9._~-])/(home|root|Users|tmp|work)/`)

func TestNoMachinePaths(t *testing.T) {
	for _, d := range documents(t) {
		for i, text := range strings.Split(read(t, d.path), "\n") {
			if found := machinePath.FindString(text); found != "" {
				t.Errorf("%s:%d: %q is a place on one machine", d.path, i+1, strings.TrimSpace(found))
			}
		}
	}
	if !machinePath.MatchString("see "+path.Join("/", "home", "jo", "x")) || machinePath.MatchString("https://"+path.Join("x.example", "a", "work", "b")) {
		t.Error("the pattern does not tell paths from addresses")
	}
}
