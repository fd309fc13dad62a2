package registry

import (
	"context"
	"errors"
	"sync/atomic"

	"google.golang.org/grpc"

	"github.com/patchbay/patchbay/host/internal/description"
)

// ErrGone is the cause of contexts that end because their instance did.
var ErrGone = errors.New("the connector's process is gone")

// ErrDrained is the cause of contexts of calls that outlasted the drain limit.
var ErrDrained = errors.New("the drain limit is over")

// Instance is one running process of a plugin that takes calls.
type Instance struct {
	Name, Version string
	Generation    uint64
	Digest        string // SHA-256 of its binary, in hexadecimal; empty: not known
	Description   *description.Description
	Conn          grpc.ClientConnInterface

	calls  atomic.Int64 // calls that it has; closing is added once it drains
	taken  atomic.Uint64
	gone   atomic.Bool
	idle   chan struct{}
	done   context.Context
	cancel context.CancelCauseFunc
}

// closing is added to the count of calls to refuse further ones.
const closing = 1 << 62

// NewInstance returns an instance that no registry knows yet.
func NewInstance(name, version string, generation uint64, d *description.Description, conn grpc.ClientConnInterface) *Instance {
	done, cancel := context.WithCancelCause(context.Background())
	return &Instance{
		Name: name, Version: version, Generation: generation, Description: d, Conn: conn,
		idle: make(chan struct{}), done: done, cancel: cancel,
	}
}

func (i *Instance) acquire() bool {
	for {
		n := i.calls.Load()
		if n >= closing || i.gone.Load() {
			return false
		}
		if i.calls.CompareAndSwap(n, n+1) {
			i.taken.Add(1)
			return true
		}
	}
}

// Release ends one call.
func (i *Instance) Release() {
	if i.calls.Add(-1) == closing {
		close(i.idle)
	}
}

// InFlight is the number of calls that the instance has.
func (i *Instance) InFlight() int { return int(i.calls.Load() &^ closing) }

// Taken is the number of calls that the instance has had and has.
func (i *Instance) Taken() uint64 { return i.taken.Load() }

// Done ends when calls on the instance can't go on; its cause is ErrGone or
// ErrDrained.
func (i *Instance) Done() context.Context { return i.done }

// Gone says that the process has ended: calls on it fail now, and it takes no
// further ones.
func (i *Instance) Gone() {
	i.gone.Store(true)
	i.cancel(ErrGone)
}

// Drain refuses new calls and waits until those it has are done, or until the
// context ends: then they are cancelled, and their number is returned. It is
// called once, after the registry let go of the instance.
func (i *Instance) Drain(ctx context.Context) (cancelled int) {
	if i.calls.Add(closing) == closing {
		return 0
	}
	select {
	case <-i.idle:
		return 0
	case <-i.done.Done():
	case <-ctx.Done():
		cancelled = i.InFlight()
		i.cancel(ErrDrained)
	}
	<-i.idle // cancelled calls let go at once
	return cancelled
}
