package webhook

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

const (
	maxBody  = 3 << 20  // bytes, as HttpRequest in the contract allows
	small    = 64 << 10 // bytes of a body that is read without a place for large ones
	maxLarge = 16       // webhooks with large bodies at a time
)

// read reads a webhook's body. Senders may be slow, and nobody knows them yet: what
// all of them make the host keep is bounded by the number of connections and of
// large bodies. done gives the place of a large one back.
func (r *Receiver) read(w http.ResponseWriter, req *http.Request) (body []byte, done func(), a answer, ok bool) {
	done = func() {}
	tooLarge := refused(http.StatusRequestEntityTooLarge, outcomeMalformed, "the body is larger than 3 MiB")
	if req.ContentLength > maxBody {
		return nil, done, tooLarge, false
	}
	bounded := http.MaxBytesReader(w, req.Body, maxBody)
	var begun bytes.Buffer
	_, err := io.CopyN(&begun, bounded, small)
	switch {
	case errors.Is(err, io.EOF):
		return begun.Bytes(), done, answer{}, true
	case err != nil:
		return nil, done, refused(http.StatusBadRequest, outcomeMalformed, "the body did not arrive: "+err.Error()), false
	}
	select {
	case r.large <- struct{}{}:
		done = func() { <-r.large }
	default:
		return nil, done, later(http.StatusServiceUnavailable, outcomeLimited, "too many large webhooks at a time"), false
	}
	_, err = io.Copy(&begun, bounded)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, done, tooLarge, false
	case err != nil:
		return nil, done, refused(http.StatusBadRequest, outcomeMalformed, "the body did not arrive: "+err.Error()), false
	}
	return begun.Bytes(), done, answer{}, true
}

// request is a webhook as the connector gets it: byte for byte, at the address that
// the PSP called. Header names are in the order of the alphabet, the values of each
// as they came.
func request(req *http.Request, public string, body []byte, remote netip.Addr) *paymentsv1.HttpRequest {
	url := public + req.URL.EscapedPath()
	if req.URL.RawQuery != "" || req.URL.ForceQuery {
		url += "?" + req.URL.RawQuery
	}
	r := &paymentsv1.HttpRequest{Method: req.Method, Url: url, Body: body, RemoteIp: addressOf(remote)}
	add := func(name, value string) {
		// Headers may be in any encoding; messages may not.
		r.Headers = append(r.Headers, &paymentsv1.HttpHeader{Name: name, Value: strings.ToValidUTF8(value, "\uFFFD")})
	}
	add("Host", req.Host) // which net/http keeps apart
	for _, name := range slices.Sorted(maps.Keys(req.Header)) {
		for _, value := range req.Header[name] {
			add(name, value)
		}
	}
	return r
}

// client is who sent a request: the other end of the connection, or, where that is
// a trusted proxy, whom it names in X-Forwarded-For, through any number of trusted
// ones. It is zero where what a trusted proxy says can't be read.
func (r *Receiver) client(req *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(req.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := peer.Addr().Unmap().WithZone("")
	named := strings.Split(strings.Join(req.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(named) - 1; i >= 0 && r.trusts(addr); i-- {
		text := strings.TrimSpace(named[i])
		if text == "" {
			break
		}
		next, err := netip.ParseAddr(text)
		if err != nil {
			return netip.Addr{}
		}
		addr = next.Unmap().WithZone("")
	}
	return addr
}

func (r *Receiver) trusts(addr netip.Addr) bool {
	return slices.ContainsFunc(r.proxies, func(network netip.Prefix) bool { return network.Contains(addr) })
}

func addressOf(addr netip.Addr) string {
	if !addr.IsValid() {
		return ""
	}
	return addr.String()
}

func newRequestID() string {
	var b [16]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}
