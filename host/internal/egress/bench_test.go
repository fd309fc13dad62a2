package egress

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"
)

// BenchmarkCall measures what the broker adds to a request over a connection that
// is there, and to one that has to be made: direct and through the broker in turn,
// so that a busy machine slows both.
func BenchmarkCall(b *testing.B) {
	psp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"id":"pay_1"}`)
	}))
	defer psp.Close()
	for name, fresh := range map[string]bool{"kept": false, "new": true} {
		b.Run(name, func(b *testing.B) {
			f := newFixture(b, dev(), psp.Listener.Addr().String())
			direct := &http.Client{Transport: &http.Transport{
				DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
					return new(net.Dialer).DialContext(ctx, network, address)
				},
			}}
			brokered := f.client()
			for _, c := range []*http.Client{direct, brokered} {
				c.Transport.(*http.Transport).DisableKeepAlives = fresh
				defer c.CloseIdleConnections()
				call(b, c, psp.URL)
			}
			var without, with []time.Duration
			for b.Loop() {
				without = append(without, call(b, direct, psp.URL))
				with = append(with, call(b, brokered, psp.URL), call(b, brokered, psp.URL))
				without = append(without, call(b, direct, psp.URL))
			}
			b.ReportMetric(float64(median(without).Microseconds()), "µs-direct")
			b.ReportMetric(float64(median(with).Microseconds()), "µs-brokered")
			b.ReportMetric(float64((median(with)-median(without)).Nanoseconds())/1000, "µs-added")
		})
	}
}

func call(b *testing.B, c *http.Client, url string) time.Duration {
	b.Helper()
	began := time.Now()
	resp, err := c.Get(url)
	if err != nil {
		b.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return time.Since(began)
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}
