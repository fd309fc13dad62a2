package launch

import (
	"fmt"
	"net"
	"path/filepath"

	"github.com/patchbay/patchbay/host/internal/sandbox"
	"github.com/patchbay/patchbay/sdk/wire"
)

// egressSocket is the plugin's way out, beside its own socket.
const egressSocket = "egress"

// openEgress gives the plugin a way out, if it is to have one, and tells it where
// that is. The socket is the identity: nobody else can reach the directory that it
// lies in. In T3 the sandbox listens in the plugin's own network; see serveEgress.
func (p *process) openEgress() error {
	if p.spec.Egress == nil {
		return nil
	}
	if p.spec.Tier >= sandbox.T3 {
		p.cmd.Env = append(p.cmd.Env, wire.EgressEnv+"=http://"+sandbox.EgressAddress)
		return nil
	}
	path := filepath.Join(p.socketDir, egressSocket)
	listener, err := net.Listen("unix", path)
	if err != nil {
		return fmt.Errorf("make its way out: %w", err)
	}
	p.egress = listener
	p.cmd.Env = append(p.cmd.Env, wire.EgressEnv+"=unix:"+path)
	go p.spec.Egress(listener)
	return nil
}

// serveEgress serves the listener that the sandbox passes, until the process has
// ended.
func (p *process) serveEgress() {
	if p.cell == nil {
		return
	}
	_, listener, _ := p.cell.Outcome()
	if listener == nil {
		return
	}
	go p.spec.Egress(listener)
	<-p.exited
	_ = listener.Close()
}

// closeEgress ends the way out with all connections that go through it.
func (p *process) closeEgress() {
	if p.egress != nil {
		_ = p.egress.Close()
	}
}
