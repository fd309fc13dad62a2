package sdk

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
)

// Answer is a PSP's answer to one request.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Exchange sends a request and reads the whole of the answer.
func Exchange(client *http.Client, req *http.Request) (*Answer, error) {
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	return &Answer{resp.StatusCode, resp.Header, body}, nil
}

// Part is one thing that a PSP's answer says of itself, such as a code or the id by
// which the PSP's people find it.
type Part struct{ Name, Value string }

// Answered makes an error of an answer by which a PSP refuses or fails: the PSP's own
// words, and behind them the parts that have a value.
func Answered(kind Kind, code, psp, words string, parts ...Part) *Error {
	if words == "" {
		words = "no reason is given"
	}
	var about []string
	for _, part := range parts {
		if part.Value != "" {
			about = append(about, part.Name+" "+part.Value)
		}
	}
	message := psp + ": " + words
	if len(about) > 0 {
		message += " (" + strings.Join(about, ", ") + ")"
	}
	return &Error{Kind: kind, Code: code, Message: message}
}

// RetryAfter reads when a PSP wants to be asked again; 0 if it does not say, or says
// what is past (RFC 9110, section 10.2.3).
func RetryAfter(header http.Header) time.Duration {
	value := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		return time.Duration(max(0, seconds)) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return max(0, time.Until(at))
}

// UnixTime is a time that a PSP tells in seconds; nil for 0, which is none.
func UnixTime(seconds int64) *timestamppb.Timestamp {
	if seconds == 0 {
		return nil
	}
	return timestamppb.New(time.Unix(seconds, 0))
}
