package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"golang.org/x/time/rate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/patchbay/patchbay/host/internal/launch"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// What honest callers may notice of abuse: twice the latency is promised, and a
// test machine that others share is given five times as much.
const (
	honestCallers = 4
	honestRate    = 100 // calls a second
	slowerAtMost  = 10
	slowAnyway    = 50 * time.Millisecond // below this, a ratio says nothing
	grownAtMost   = 256 << 20             // bytes
)

// abuseRate is how many frames a second strangers send in all. They share the
// machine with the gateway, so without a limit it is their own cost that shows.
const abuseRate = 20_000

// TestAbuseOfHTTP2 has strangers, who have no key, misuse the protocol beside honest
// callers, who have one.
func TestAbuseOfHTTP2(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped by -short: loads a real gateway")
	}
	s := prepareStack(t)
	s.serveKeys()
	for _, attack := range []struct {
		name        string
		connections int
		run         func(stranger)
	}{
		{"idle connections that say nothing", 1000, stranger.silence},
		{"connections that stop in mid-header", 200, stranger.halfHeader},
		{"rapid reset", 4, stranger.rapidReset},
		{"ping flood", 4, stranger.pingFlood},
		{"settings flood", 4, stranger.settingsFlood},
		{"CONTINUATION flood", 4, stranger.continuationFlood},
		{"huge headers", 4, stranger.hugeHeaders},
		{"many streams", 4, stranger.manyStreams},
	} {
		t.Run(attack.name, func(t *testing.T) {
			quiet := honestP99(t, s)
			before := resident(t, s.gateway.Process.Pid)
			ctx, stop := context.WithCancel(t.Context())
			var strangers sync.WaitGroup
			var frames atomic.Int64
			pace := rate.NewLimiter(abuseRate, abuseRate/20)
			for range attack.connections {
				strangers.Go(func() {
					for pace.Wait(ctx) == nil { // who is thrown out comes back
						if conn, err := net.Dial("tcp", s.address); err == nil {
							attack.run(newStranger(ctx, conn, pace, &frames))
							_ = conn.Close()
						}
					}
				})
			}
			s.wait("the attack has begun", func() bool { return frames.Load() >= int64(attack.connections) })
			under := honestP99(t, s)
			grown := resident(t, s.gateway.Process.Pid) - before
			stop()
			strangers.Wait()
			t.Logf("figure: %s: p99 of honest callers %s, before %s; %d MB more memory; %d frames", attack.name, under, quiet, grown>>20, frames.Load())
			if under > within(slowAnyway) && under > slowerAtMost*quiet {
				t.Errorf("honest callers wait %s at p99, before %s", under, quiet)
			}
			if grown > grownAtMost {
				t.Errorf("the gateway has grown by %d MB", grown>>20)
			}
		})
	}
}

// serveKeys starts the gateway as in production, with one caller, whom the stack's
// client is from then on.
func (s *stack) serveKeys() {
	s.t.Helper()
	digest, err := launch.Digest(filepath.Join(s.plugins, "connector-sandbox"), "")
	if err != nil {
		s.t.Fatal(err)
	}
	s.put("sandbox.yaml", fmt.Appendf(nil, "name: sandbox\nversion: 1.0.0\ncommand: connector-sandbox\negress: [%q]\nsha256: %s\n", s.pspHost(), digest), 0o644)
	s.put(".secret", bytes.Repeat([]byte{'s'}, 32), 0o600)
	s.serve("", fmt.Sprintf("idempotency_secret_file: %s\negress: {allow_private: [127.0.0.0/8]}\ncallers:\n- {name: honest, key_sha256: [\"%x\"], connectors: [\"*\"], accounts: [\"*\"], methods: [\"*\"]}\n",
		filepath.Join(s.plugins, ".secret"), sha256.Sum256([]byte("key"))))
	s.payments = paymentsv1.NewPaymentServiceClient(s.dial(grpc.WithDisableRetry(), grpc.WithUnaryInterceptor(
		func(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			return invoke(metadata.AppendToOutgoingContext(ctx, "x-api-key", "key"), method, req, reply, conn, opts...)
		})))
}

// honestP99 has honest callers pay for some seconds; none of them may fail.
func honestP99(t *testing.T, s *stack) time.Duration {
	t.Helper()
	l := startLoad(s, honestCallers, honestRate)
	limit := time.After(patience)
	for l.calls.Load() < int64(times(5, 1)*honestRate) {
		select {
		case <-limit:
			t.Fatal("honest callers do not come through")
		case <-time.After(10 * time.Millisecond):
		}
	}
	for reference, told := range l.end() {
		if told.err != nil {
			t.Errorf("%s failed: %v", reference, told.err)
		}
	}
	return l.quantile(0.99)
}

// resident is the memory of a process in bytes, 0 where that can't be seen.
func resident(t *testing.T, pid int) int64 {
	t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	found := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(raw)
	if found == nil {
		t.Fatalf("no VmRSS in %s", raw)
	}
	kb, err := strconv.ParseInt(string(found[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kb << 10
}

// stranger is a connection that is up to no good. Its methods return when they are
// thrown out, or told to stop.
type stranger struct {
	net.Conn
	ctx     context.Context
	framer  *http2.Framer
	pace    *rate.Limiter
	frames  *atomic.Int64
	headers []byte // of a call, encoded so that each stream may use them
}

func newStranger(ctx context.Context, conn net.Conn, pace *rate.Limiter, frames *atomic.Int64) stranger {
	s := stranger{Conn: conn, ctx: ctx, framer: http2.NewFramer(conn, nil), pace: pace, frames: frames}
	s.framer.AllowIllegalWrites = true
	context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	var encoded bytes.Buffer
	encoder := hpack.NewEncoder(&encoded)
	encoder.SetMaxDynamicTableSize(0) // so that no stream depends on another
	for _, field := range [][2]string{
		{":method", "POST"}, {":scheme", "http"}, {":path", "/patchbay.payments.v1.PaymentService/GetPayment"}, {":authority", "x"},
		{"content-type", "application/grpc"}, {"te", "trailers"}, {"x-connector", "sandbox"},
	} {
		_ = encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]})
	}
	s.headers = encoded.Bytes()
	return s
}

// greet begins HTTP/2 and reads, as far as need be, what comes back.
func (s stranger) greet() {
	_, _ = io.WriteString(s.Conn, http2.ClientPreface)
	_ = s.framer.WriteSettings()
	go func() { _, _ = io.Copy(io.Discard, s.Conn) }()
}

// flood writes until it is thrown out.
func (s stranger) flood(write func(stream uint32) error) {
	s.greet()
	for stream := uint32(1); s.pace.Wait(s.ctx) == nil && stream < 1<<30; stream += 2 {
		if write(stream) != nil {
			return
		}
		s.frames.Add(1)
	}
}

func (s stranger) silence() {
	s.frames.Add(1)
	_, _ = io.Copy(io.Discard, s.Conn) // until the gateway hangs up
}

func (s stranger) halfHeader() {
	_, _ = io.WriteString(s.Conn, http2.ClientPreface)
	_ = s.framer.WriteSettings()
	_ = s.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: s.headers[:4]})
	s.frames.Add(1)
	_, _ = io.Copy(io.Discard, s.Conn)
}

func (s stranger) rapidReset() {
	s.flood(func(stream uint32) error {
		if err := s.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: s.headers, EndHeaders: true}); err != nil {
			return err
		}
		return s.framer.WriteRSTStream(stream, http2.ErrCodeCancel)
	})
}

func (s stranger) pingFlood() {
	s.flood(func(uint32) error { return s.framer.WritePing(false, [8]byte{}) })
}

func (s stranger) settingsFlood() {
	s.flood(func(uint32) error {
		return s.framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 16})
	})
}

func (s stranger) continuationFlood() {
	field := bytes.Repeat([]byte{0}, 1<<10)
	s.greet()
	if s.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: s.headers}) != nil {
		return
	}
	for s.pace.Wait(s.ctx) == nil && s.framer.WriteContinuation(1, false, field) == nil {
		s.frames.Add(1)
	}
}

func (s stranger) hugeHeaders() {
	var encoded bytes.Buffer
	encoder := hpack.NewEncoder(&encoded)
	encoder.SetMaxDynamicTableSize(0)
	for i := range 8 {
		_ = encoder.WriteField(hpack.HeaderField{Name: fmt.Sprintf("x-%d", i), Value: strings.Repeat("v", 1500)})
	}
	huge := append(bytes.Clone(s.headers), bytes.Repeat(encoded.Bytes(), 2)...)
	s.flood(func(stream uint32) error {
		return s.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: huge[:16<<10], EndHeaders: true, EndStream: true})
	})
}

func (s stranger) manyStreams() {
	s.flood(func(stream uint32) error {
		return s.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: s.headers, EndHeaders: true})
	})
}
