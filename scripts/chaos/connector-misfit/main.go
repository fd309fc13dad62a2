// Command connector-misfit is the sandbox connector as nobody wants the next
// version of a connector to be. Its argument says what is wrong with it.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/sandbox"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

func main() {
	trait := ""
	if len(os.Args) > 1 {
		trait = os.Args[1]
	}
	switch trait {
	case "exits":
		fmt.Fprintln(os.Stderr, "there is nothing to do")
		os.Exit(3)
	case "silent":
		hang()
	case "garbage":
		say("hello, world\n")
	case "flood":
		say(strings.Repeat("x", 1<<20))
	case "next-protocol":
		say("1|99|unix|/nowhere|grpc\n")
	case "elsewhere":
		say("1|1|tcp|127.0.0.1:1|grpc\n")
	case "noisy":
		go noise(os.Stderr)
	}
	sdk.Serve(&misfit{Connector: sandbox.New(), trait: trait, stdout: os.Stdout})
}

// say writes where the handshake belongs, and never serves.
func say(text string) {
	_, _ = os.Stdout.WriteString(text)
	hang()
}

func hang() {
	for {
		time.Sleep(time.Hour)
	}
}

// noise writes lines that nobody should have to read, about 2 MB a second of them,
// until the process ends.
func noise(to *os.File) {
	lines := []string{
		`{"@message":1}`, `{"@level":[],"@message":"x"}`, `{"@timestamp":7}`, `{`, "\x00\xff\x1b[31m", `{"@level":"error"`,
		strings.Repeat("y", 100<<10),
	}
	for tick := time.NewTicker(50 * time.Millisecond); ; <-tick.C {
		for _, line := range lines {
			if _, err := fmt.Fprintln(to, line); err != nil {
				return
			}
		}
	}
}

// misfit charges as the sandbox does, and then goes wrong.
type misfit struct {
	*sandbox.Connector

	trait  string
	stdout *os.File // what go-plugin lets the process have later is another
	once   sync.Once
}

// tooMuch is more than the gateway takes.
const tooMuch = 8 << 20

// Authorize implements sdk.Authorizer.
func (m *misfit) Authorize(ctx context.Context, req *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
	answer, err := m.Connector.Authorize(ctx, req)
	switch m.trait {
	case "noisy":
		m.once.Do(func() { go noise(m.stdout) })
	case "panics":
		panic("at the worst moment")
	case "oversized":
		if err == nil {
			answer.Payment.ConnectorData = &structpb.Struct{Fields: map[string]*structpb.Value{
				"excuse": structpb.NewStringValue(strings.Repeat("z", tooMuch)),
			}}
		}
	}
	return answer, err
}
