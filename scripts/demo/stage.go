package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/patchbay/patchbay/plugins/stripe/stripemock"
	gatewayv1 "github.com/patchbay/patchbay/proto/patchbay/gateway/v1"
	"github.com/patchbay/patchbay/scripts/internal/local"
)

const (
	bin   = "bin"
	grace = 10 * time.Second
)

// stage is the processes of the story and what has happened so far.
type stage struct {
	dir     string
	psp     *local.PSP
	mock    *stripemock.Server
	gateway *local.Gateway
	conn    *grpc.ClientConn // of callers in Go: no retries
	told    []outcome        // what the callers of the load were told
}

// set starts the processes, with manifests of their own.
func (s *stage) set(ctx context.Context) (err error) {
	if s.psp, err = local.StartPSP(ctx, bin, "127.0.0.1:0"); err != nil {
		return err
	}
	fmt.Printf("PSP of the sandbox     pid %-7d %s\n", s.psp.PID(), s.psp.URL)
	s.mock, err = stripemock.Start(ctx, stripemock.Options{Intent: stripemock.Intent{
		Status: "succeeded", Amount: 1050, Currency: "eur", Reference: "order-1001",
	}})
	if err != nil {
		return err
	}
	fmt.Printf("stripe-mock                        %s\n", s.mock.URL)
	if err := os.Mkdir(s.manifests(), 0o700); err != nil {
		return err
	}
	for _, connector := range []string{"sandbox", "stripe"} {
		if err := s.declare(connector, "0.1.0"); err != nil {
			return err
		}
	}
	began := time.Now()
	s.gateway, err = local.StartLoggedGateway(ctx, bin, s.dir, local.Config{
		Plugins: s.manifests(),
		Accounts: []local.Account{local.SandboxAccount(s.psp), {
			Name: "stripe", Connector: "stripe", Default: true,
			Config: map[string]any{"base_url": s.mock.URL, "api_key": "sk_test_demo"},
		}},
	})
	if err != nil {
		return err
	}
	fmt.Printf("gateway                pid %-7d %s, ready after %s\n", s.gateway.PID(), s.gateway.Address, since(began))
	s.conn, err = grpc.NewClient(s.gateway.Address,
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDisableRetry())
	return err
}

// clear stops whatever still runs.
func (s *stage) clear() error {
	var errs []error
	if s.conn != nil {
		errs = append(errs, s.conn.Close())
	}
	if s.gateway != nil {
		errs = append(errs, s.gateway.Stop())
	}
	if s.mock != nil {
		errs = append(errs, s.mock.Close())
	}
	if s.psp != nil {
		errs = append(errs, s.psp.Stop(grace))
	}
	return errors.Join(errs...)
}

func (s *stage) manifests() string { return filepath.Join(s.dir, "plugin-manifests") }

// declare writes a connector's manifest, as an operator's tools should: the whole
// of it at once.
func (s *stage) declare(connector, version string) error {
	command, err := filepath.Abs(filepath.Join(bin, "connector-"+connector))
	if err != nil {
		return err
	}
	psp := map[string]string{"sandbox": s.psp.URL, "stripe": s.mock.URL}[connector]
	return s.writeManifest(connector, fmt.Sprintf("name: %s\nversion: %s\ncommand: %s\negress: [%q]\n",
		connector, version, command, strings.TrimPrefix(psp, "http://")))
}

func (s *stage) writeManifest(connector, text string) error {
	file := filepath.Join(s.manifests(), connector+".yaml")
	if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// sandbox asks the gateway for the sandbox's connector.
func (s *stage) sandbox(ctx context.Context) (*gatewayv1.Connector, error) {
	answer, err := gatewayv1.NewConnectorServiceClient(s.conn).GetConnector(ctx, &gatewayv1.GetConnectorRequest{Name: "sandbox"})
	return answer.GetConnector(), err
}

// expect says what is not as expected.
func expect(what string, got, want any) error {
	if got == want {
		return nil
	}
	return fmt.Errorf("expected %s to be %v, got %v", what, want, got)
}

func since(began time.Time) time.Duration { return time.Since(began).Round(100 * time.Microsecond) }
