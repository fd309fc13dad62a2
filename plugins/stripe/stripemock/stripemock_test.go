package stripemock

import (
	"context"
	"net/http"
	"strings"
	"testing"
)

func TestMockEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := Start(ctx, Options{Intent: Intent{Status: "succeeded", Amount: 1050, Currency: "eur"}})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(s.URL, "http://127.0.0.1:") {
		t.Errorf("it listens at %s", s.URL)
	}
	cancel()
	<-s.drained
	if resp, err := http.Get(s.URL); err == nil {
		_ = resp.Body.Close()
		t.Error("it still answers")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestStartNeedsTheRepository(t *testing.T) {
	t.Chdir(t.TempDir())
	if s, err := Start(t.Context(), Options{Stock: true}); err == nil {
		t.Errorf("started at %s, without a pinned version", s.URL)
		_ = s.Close()
	}
}

// TestDerivationNoticesAnotherDescription: if Stripe's description changes its
// shape, the derivation fails instead of becoming lax.
func TestDerivationNoticesAnotherDescription(t *testing.T) {
	for name, spec := range map[string]node{
		"no paths":     {},
		"path is gone": {"paths": node{}},
		"body is gone": {"paths": func() node {
			paths := node{}
			for _, path := range used() {
				paths[path] = node{"post": node{}}
			}
			return paths
		}()},
	} {
		if err := tighten(spec); err == nil {
			t.Errorf("%s: not noticed", name)
		}
	}
	if err := describeCard(node{"properties": node{"payment_method_data": node{"properties": node{"type": node{}}}}}); err == nil {
		t.Error("a type without words: not noticed")
	}
	if err := describeExemption(node{"properties": node{"payment_method_options": node{"properties": node{"card": node{}}}}}); err == nil {
		t.Error("options without alternatives: not noticed")
	}
}

func TestUnknownResource(t *testing.T) {
	if r, err := Resource(t.Context(), "unicorn", Options{}); err == nil {
		t.Errorf("there is a unicorn: %v", r)
	}
	if m, err := Members(t.Context(), "unicorn"); err == nil {
		t.Errorf("there is a unicorn: %v", m)
	}
}
