package psp

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
)

const (
	// KeyHeader carries the idempotency key of a POST.
	KeyHeader = "Idempotency-Key"
	// ReplayedHeader is "true" on an answer that was given before.
	ReplayedHeader = "Idempotent-Replayed"

	maxKey = 255
)

// keys remembers, for each idempotency key, what was asked and answered. It
// forgets nothing while the process lives.
type keys struct {
	mu    sync.Mutex
	byKey map[string]*attempt
}

// attempt is the execution of one request. Its answer may be read once done is
// closed.
type attempt struct {
	asked  [sha256.Size]byte
	done   chan struct{}
	answer answer
}

func newKeys() *keys { return &keys{byKey: map[string]*attempt{}} }

// fingerprint tells whether two requests ask the same.
func fingerprint(path string, body []byte) [sha256.Size]byte {
	h := sha256.New()
	h.Write([]byte(path + "\n"))
	h.Write(body)
	return [sha256.Size]byte(h.Sum(nil))
}

// once calls do for the first request with a key and gives its answer to all
// others, which wait for it; replayed tells which of the two it was. The key of
// an answer that is not final is free again. Without a key do is always called.
// The context ends only the waiting.
func (k *keys) once(ctx context.Context, key string, asked [sha256.Size]byte, do func() answer) (a answer, replayed bool, err error) {
	if key == "" {
		return do(), false, nil
	}
	for {
		at, mine := k.claim(key, asked)
		if mine {
			return k.run(key, at, do), false, nil
		}
		if at.asked != asked {
			return answer{}, false, refuse(http.StatusConflict, "idempotency_key_reused", "",
				"the idempotency key was used for another request")
		}
		select {
		case <-at.done:
			if at.answer.final {
				return at.answer, true, nil
			}
		case <-ctx.Done():
			return answer{}, false, ctx.Err()
		}
	}
}

func (k *keys) claim(key string, asked [sha256.Size]byte) (at *attempt, mine bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if at, ok := k.byKey[key]; ok {
		return at, false
	}
	at = &attempt{asked: asked, done: make(chan struct{})}
	k.byKey[key] = at
	return at, true
}

func (k *keys) run(key string, at *attempt, do func() answer) answer {
	defer func() {
		if !at.answer.final {
			k.mu.Lock()
			delete(k.byKey, key)
			k.mu.Unlock()
		}
		close(at.done)
	}()
	at.answer = do()
	return at.answer
}

// readBody reads the idempotency key and the body of a POST.
func readBody(w http.ResponseWriter, r *http.Request) (key string, body []byte, err error) {
	key = r.Header.Get(KeyHeader)
	if len(key) > maxKey {
		return "", nil, refuse(http.StatusBadRequest, "invalid_request", KeyHeader, "an idempotency key has at most %d characters", maxKey)
	}
	body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, limit(r)))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return "", nil, refuse(http.StatusBadRequest, "invalid_request", "", "the body is larger than %d bytes", tooLarge.Limit)
	}
	if err != nil {
		return "", nil, refuse(http.StatusBadRequest, "invalid_request", "", "the body did not arrive: %v", err)
	}
	return key, body, nil
}

// limit is how large the body of a request may be.
func limit(r *http.Request) int64 {
	if strings.HasSuffix(r.URL.Path, "/files") {
		return maxFile
	}
	return maxBody
}
