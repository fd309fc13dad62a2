// Package watch says when to look at a directory again. It knows nothing of what
// lies there: events of the file system are only a hint, and a slow tick backs
// them up.
package watch

import (
	"context"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/hashicorp/go-hclog"
)

const (
	quiet    = 100 * time.Millisecond // a tick follows when this long nothing happened,
	patience = time.Second            // or when something has been happening for this long
	backstop = 30 * time.Second       // mounts and memory-mapped writes make no events
)

// Watcher ticks when something changed in its directories.
type Watcher struct {
	// C receives a tick when it is time to look. Ticks that nobody has taken yet
	// are one tick.
	C <-chan struct{}

	c      chan struct{}
	events *fsnotify.Watcher // nil where the system has none; the backstop remains
	log    hclog.Logger
	root   string
}

// New watches a directory, and its parent for the day on which the directory is
// removed and made again. It does not have to exist. The first tick comes at
// once.
func New(dir string, log hclog.Logger) *Watcher {
	c := make(chan struct{}, 1)
	w := &Watcher{C: c, c: c, log: log, root: filepath.Clean(dir)}
	events, err := fsnotify.NewWatcher()
	if err != nil {
		log.Warn("no file events here; changes are seen every "+backstop.String(), "error", err)
	}
	w.events = events
	w.Also(w.root, filepath.Dir(w.root))
	w.tick()
	return w
}

// Also watches further directories: those where the plugins' binaries lie.
// Adding one twice, or one that does not exist, does nothing.
func (w *Watcher) Also(dirs ...string) {
	if w.events == nil {
		return
	}
	for _, dir := range dirs {
		_ = w.events.Add(dir) // the backstop looks at what can't be watched
	}
}

// Run ticks until the context ends, then lets go of the file system.
func (w *Watcher) Run(ctx context.Context) error {
	slow := time.NewTicker(backstop)
	defer slow.Stop()
	var events chan fsnotify.Event
	var errs chan error
	if w.events != nil {
		defer w.events.Close()
		events, errs = w.events.Events, w.events.Errors
	}
	var settle <-chan time.Time
	var since time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-slow.C:
			w.Also(w.root, filepath.Dir(w.root))
			w.tick()
		case <-settle:
			settle = nil
			w.Also(w.root) // it may have been made again
			w.tick()
		case _, ok := <-events:
			if !ok {
				events = nil
				continue
			}
			if settle == nil {
				since = time.Now()
			}
			settle = time.After(max(0, min(quiet, patience-time.Since(since))))
		case err, ok := <-errs: // an overflow among them: look at everything
			if !ok {
				errs = nil
				continue
			}
			w.log.Warn("file events were lost; looking again", "error", err)
			w.tick()
		}
	}
}

func (w *Watcher) tick() {
	select {
	case w.c <- struct{}{}:
	default: // one is waiting
	}
}
