package webhook

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"filippo.io/age"
	"github.com/hashicorp/go-hclog"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/patchbay/patchbay/host/internal/account"
)

// target holds events by sending each to an address that answers 2xx, signed as
// the Standard Webhooks specification says
// (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
type target struct {
	url     string
	client  *http.Client
	signers *signers
}

// Limits of a target, its time aside.
const (
	maxTargetAnswer = 64 << 10 // bytes of an answer that are read, so that its connection can be used again
	maxTargetIdle   = 64       // connections
)

func newTarget(spec TargetSpec, identities []age.Identity, log hclog.Logger) (*target, error) {
	s := &signers{specs: spec.Secrets, reader: account.NewSecrets(identities), log: log}
	if err := s.load(); err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: spec.Timeout}
	return &target{url: spec.URL, signers: s, client: &http.Client{
		Timeout: spec.Timeout,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: spec.Timeout, ForceAttemptHTTP2: true,
			MaxIdleConnsPerHost: maxTargetIdle, IdleConnTimeout: time.Minute,
		},
		// Whoever it sends us to has not been named by the operator.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Hold implements Sink.
func (t *target) Hold(ctx context.Context, events []Event) error {
	for _, e := range events {
		if err := t.send(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

func (t *target) send(ctx context.Context, e Event) error {
	body, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("the event can't be written as JSON: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	now := time.Now()
	signature, err := t.signers.sign(e.ID, now, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(standardwebhooks.HeaderWebhookID, e.ID)
	req.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	req.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	resp, err := t.client.Do(req)
	if err != nil {
		var about *url.Error
		if errors.As(err, &about) { // its text has the whole address, which may hold a token
			err = about.Err
		}
		return fmt.Errorf("the target can't be reached: %w", err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxTargetAnswer))
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("the target answered %s", resp.Status)
	}
	return nil
}

// signers sign with each of an operator's secrets. Their references are followed.
type signers struct {
	specs   []account.Secret
	reader  *account.Secrets // of the goroutine that follows
	log     hclog.Logger
	current atomic.Pointer[[]*standardwebhooks.Webhook]
	problem string // that was logged last
}

// followEvery is how often the secrets are looked at.
const followEvery = time.Second

// minSecret is how many bytes a secret has at least, by the specification.
const minSecret = 24

// load reads all secrets.
func (s *signers) load() error {
	var all []*standardwebhooks.Webhook
	for i, spec := range s.specs {
		signer, err := readSigner(s.reader, spec)
		if err != nil {
			return fmt.Errorf("secrets[%d]: %w", i, err)
		}
		all = append(all, signer)
	}
	s.current.Store(&all)
	return nil
}

// readSigner makes a signer of a secret. Its errors never say what the secret is.
func readSigner(reader *account.Secrets, spec account.Secret) (*standardwebhooks.Webhook, error) {
	text, err := reader.Read(spec)
	if err != nil {
		return nil, err
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(text, "whsec_"))
	if err != nil || len(raw) < minSecret {
		return nil, fmt.Errorf("want whsec_ and at least %d bytes in base64", minSecret)
	}
	return standardwebhooks.NewWebhookRaw(raw)
}

// Validate reads the secrets that can be read without running a command.
func (t TargetSpec) Validate(identities []age.Identity) error {
	var errs []error
	for i, spec := range t.Secrets {
		if len(spec.Command) > 0 {
			continue
		}
		if _, err := readSigner(account.NewSecrets(identities), spec); err != nil {
			errs = append(errs, fmt.Errorf("webhooks: target: secrets[%d]: %w", i, err))
		}
	}
	return errors.Join(errs...)
}

// follow reads the secrets again and again until ctx ends. What can't be read
// leaves them as they were.
func (s *signers) follow(ctx context.Context) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		problem := ""
		if err := s.load(); err != nil {
			problem = err.Error()
		}
		if problem != "" && problem != s.problem {
			s.log.Error("the secrets that sign events can't be used; the old ones stay", "error", problem)
		}
		s.problem = problem
	}
}

// sign makes the value of the header with the signatures.
func (s *signers) sign(id string, at time.Time, body []byte) (string, error) {
	var all []string
	for _, signer := range *s.current.Load() {
		signature, err := signer.Sign(id, at, body)
		if err != nil {
			return "", err
		}
		all = append(all, signature)
	}
	return strings.Join(all, " "), nil
}
