package sdk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay/patchbay/sdk/wire"
)

type accountConfig struct {
	APIKey  Secret `json:"api_key"`
	BaseURL string `json:"base_url,omitempty"`
	Retries int    `json:"retries,omitempty"`
	Nested  struct {
		Live bool `json:"live,omitempty"`
	} `json:"nested,omitzero"`
}

func TestConfig(t *testing.T) {
	ctx := WithCall(t.Context(), Call{Config: []byte(` {"api_key": "sk_1", "base_url": "http://x", "retries": 2, "nested": {"live": true}} ` + "\n")})
	config, err := Config[accountConfig](ctx)
	if err != nil || config.APIKey.Reveal() != "sk_1" || config.BaseURL != "http://x" || config.Retries != 2 || !config.Nested.Live {
		t.Errorf("got %+v %v", config, err)
	}
	for _, none := range []context.Context{t.Context(), WithCall(t.Context(), Call{})} {
		if config, err := Config[accountConfig](none); err != nil || config != (accountConfig{}) {
			t.Errorf("without a configuration: got %+v %v", config, err)
		}
	}
}

// What is wrong is named, and no value is shown: any may be a secret.
func TestConfig_strict(t *testing.T) {
	for raw, want := range map[string]string{
		`{"api_kay": "hush"}`:                   `unknown field "api_kay"`,
		`{"nested": {"life": "hush"}}`:          `unknown field "life"`,
		`{"api_key": 271828}`:                   `field "api_key" must be a string`,
		`{"retries": "hush"}`:                   `field "retries" must be a int`,
		`{"retries": 271828271828271828271828}`: `field "retries" must be a int`,
		`{"nested": {"live": "hush"}}`:          `field "nested.live" must be a bool`,
		`["hush"]`:                              `must be a JSON object`,
		`"hush"`:                                `must be a JSON object`,
		`{"api_key": "a"} {"api_key": "hush"}`:  `text after the JSON object`,
		`{"api_key": "a"} hush`:                 `text after the JSON object`,
		`{"api_key": "hush"`:                    `unexpected EOF`,
		`{"api_key": hush}`:                     `invalid character`,
	} {
		_, err := Config[accountConfig](WithCall(t.Context(), Call{Config: []byte(raw)}))
		var e *Error
		if !errors.As(err, &e) || e.Kind != Misconfigured || e.Code != "CONFIG_INVALID" || !strings.Contains(e.Message, want) {
			t.Errorf("%s: got %v, want %s", raw, err, want)
			continue
		}
		for cause := error(e); cause != nil; cause = errors.Unwrap(cause) {
			if text := cause.Error(); strings.Contains(text, "hush") || strings.Contains(text, "271828") {
				t.Errorf("%s: a value is shown: %q", raw, text)
			}
		}
	}
}

const hclogText = "hclog, text"

// shown formats v in every way that a log may.
func shown(t *testing.T, v any) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t", "%20v"} {
		all[verb] = fmt.Sprintf(verb, v)
	}
	all["Sprint"] = fmt.Sprint(v)
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	all["json"] = string(raw)
	for _, asJSON := range []bool{false, true} {
		var log logBuffer
		hclog.New(&hclog.LoggerOptions{Output: &log, JSONFormat: asJSON}).Info("config", "value", v)
		how := hclogText
		if asJSON {
			how = "hclog, JSON"
		}
		all[how] = log.String()
	}
	for name, handler := range map[string]func(*logBuffer) slog.Handler{
		"slog text": func(b *logBuffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		"slog JSON": func(b *logBuffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		var log logBuffer
		slog.New(handler(&log)).Info("config", "value", v)
		all[name] = log.String()
	}
	return all
}

func TestSecret_isNotShown(t *testing.T) {
	const value = "sk_live_hush"
	secret := Secret(value)
	for _, v := range []any{secret, &secret, []Secret{secret}, map[string]Secret{"k": secret}, accountConfig{APIKey: secret}, &accountConfig{APIKey: secret}} {
		for how, text := range shown(t, v) {
			if _, slice := v.([]Secret); slice && how == hclogText {
				continue // known: see Secret
			}
			if strings.Contains(text, value) || strings.Contains(text, fmt.Sprintf("%x", value)) {
				t.Errorf("%T, %s: shows %s", v, how, text)
			}
		}
	}
	for how, text := range shown(t, secret) {
		if !strings.Contains(text, wire.Mask) {
			t.Errorf("%s: shows %s, want the mask", how, text)
		}
	}
	for how, text := range shown(t, value) { // the means of this test find a plain string
		if !strings.Contains(text, value) && !strings.Contains(text, fmt.Sprintf("%x", value)) {
			t.Errorf("%s: a plain string is not found in %s", how, text)
		}
	}
	if secret.Reveal() != value || secret.String() != wire.Mask || secret.GoString() != wire.Mask {
		t.Errorf("got %q %q %q", secret.Reveal(), secret.String(), secret.GoString())
	}
}

func TestLogger_namesTheCall(t *testing.T) {
	var log logBuffer
	Logger(withCall(t.Context(), callValue{Call: Call{RequestID: "req-1"}, log: log.logger()})).Info("asking")
	if text := log.String(); !strings.Contains(text, `"request_id":"req-1"`) || !strings.Contains(text, "asking") {
		t.Errorf("logged %s", text)
	}
	Logger(t.Context()).Info("outside a call") // goes nowhere, and harms nothing
	if RequestID(t.Context()) != "" || IdempotencyKey(t.Context()) != "" || Account(t.Context()) != "" {
		t.Error("a context without a call has one")
	}
}
