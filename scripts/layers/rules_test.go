package layers

import (
	"path"
	"slices"
	"strings"
)

const (
	module   = "github.com/patchbay/patchbay"
	goPlugin = "github.com/hashicorp/go-plugin"
	// addresses is beneath net, but values alone: nothing in it reaches a network.
	addresses = "net/netip"
)

// room is a part of the tree and what its Go files may import of ours. A room is
// written as a folder: "host/internal" alone, "host/..." with all beneath it, and
// one star for any one name. The first room that a folder is in counts.
type room struct {
	name  string
	may   []string // rooms of ours
	tests []string // further rooms for _test.go files
	never []string // packages of others, with all beneath them
}

// rooms is the table of who may import whom. Every folder with Go files has to be
// in one of them. go-plugin is closed to all but the rooms in goPluginRooms.
func rooms() []room {
	heavy := []string{"buf.build/go/protovalidate", "cel.dev"} // an interpreter in every connector's process
	pure := []string{"net", "os", "os/exec", "syscall", "golang.org/x/sys", "google.golang.org/grpc"}
	return []room{
		{name: "proto/...", may: []string{"proto/..."}},

		{name: "sdk", may: []string{"proto/...", "sdk/wire"}, tests: []string{"sdk", "sdk/connectortest"}, never: heavy},
		{name: "sdk/form"},
		{name: "sdk/wire", may: []string{"proto/...", "sdk/wire/rules"}, tests: []string{"sdk/wire"}, never: heavy},
		{name: "sdk/wire/rules", may: []string{"proto/..."}, never: heavy},
		{name: "sdk/webhook", may: []string{"proto/...", "sdk"}, tests: []string{"sdk/webhook"}},
		{name: "sdk/connectortest/...", may: []string{"proto/...", "sdk", "sdk/wire", "sdk/connectortest/..."}, tests: []string{"sdk/webhook"}},

		// A plugin's own folder is added to each of these.
		{name: "plugins/*/...", may: []string{"proto/...", "sdk", "sdk/form", "sdk/webhook"}, tests: []string{"sdk/connectortest/..."}},

		{name: "host/cmd/patchbay/...", may: []string{"host", "host/cmd/patchbay/...", "proto/...", "sdk/wire", "sdk/connectortest"}},
		{name: "host/internal/manifest", tests: []string{"host/internal/manifest"}, never: pure},
		{name: "host/internal/reconcile", may: []string{"host/internal/manifest"}, tests: []string{"host/internal/reconcile"}, never: pure},
		{name: "host/internal/watch", tests: []string{"host/internal/watch"}},
		{name: "host/...", may: []string{"host/...", "proto/...", "sdk/wire"}},

		{name: "scripts/...", may: []string{"scripts/...", "plugins/...", "proto/...", "sdk", "sdk/wire"}},
		{name: "docs/...", may: []string{"docs/...", "proto/...", "sdk", "sdk/wire"}},
		// Examples are what others write.
		{name: "examples/*/...", may: []string{"proto/...", "sdk", "sdk/webhook"}, tests: []string{"sdk/connectortest/..."}},
	}
}

// goPluginRooms are the only importers of go-plugin.
func goPluginRooms() []string {
	return []string{"sdk", "sdk/connectortest/...", "host/internal/launch/..."}
}

// timeless are the rooms that have no clock.
func timeless() []string { return []string{"host/internal/manifest", "host/internal/reconcile"} }

// clocks are the functions of package time that tell the time or wait for it.
func clocks() []string {
	return []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}
}

// monotonic are the rooms whose times must not jump with the machine's clock: they
// wait, and compare.
func monotonic() []string {
	return []string{
		"host/internal/controller", "host/internal/gateway", "host/internal/launch", "host/internal/registry",
		"host/internal/supervise", "host/internal/watch",
	}
}

// wallClock are the functions and methods of package time whose result has lost
// the monotonic reading that time.Now has taken; see "Monotonic Clocks" in the
// package's documentation.
func wallClock() []string {
	return []string{"UTC", "Local", "Unix", "UnixMicro", "UnixMilli", "UnixNano"}
}

// vagueNames are those of packages that say nothing of what is in them.
func vagueNames() []string {
	return []string{"base", "common", "core", "helper", "helpers", "model", "models", "util", "utils"}
}

// Limits, in lines.
const (
	maxGo        = 600
	maxProto     = 350
	maxBash      = 40
	maxConnector = 15 // main.go of a connector
)

// roomOf finds the room of a folder.
func roomOf(folder string) (room, bool) {
	for _, r := range rooms() {
		if in(folder, r.name) {
			return r, true
		}
	}
	return room{}, false
}

// in says whether a folder is in a room, or is one of several rooms' folders.
func in(folder string, rooms ...string) bool {
	return slices.ContainsFunc(rooms, func(name string) bool {
		prefix, deep := strings.CutSuffix(name, "/...")
		depth := strings.Count(prefix, "/") + 1
		parts := strings.Split(folder, "/")
		if len(parts) < depth || !deep && len(parts) != depth {
			return false
		}
		matched, err := path.Match(prefix, strings.Join(parts[:depth], "/"))
		return err == nil && matched
	})
}

// own is the part of a room that a folder's own files may always import: of rooms
// with a star, what is under the same name; of others, nothing more.
func (r room) own(folder string) []string {
	star := strings.Index(r.name, "/*/")
	if star < 0 {
		return nil
	}
	depth := strings.Count(r.name[:star], "/") + 2
	return []string{strings.Join(strings.Split(folder, "/")[:depth], "/") + "/..."}
}

// allows says whether a file of the room may import a package of ours.
func (r room) allows(folder string, test bool, imported string) bool {
	may := slices.Concat(r.may, r.own(folder))
	if test {
		may = slices.Concat(may, r.tests)
	}
	return in(imported, may...)
}

// within says whether a package is one of the given or beneath it.
func within(imported string, packages ...string) bool {
	return slices.ContainsFunc(packages, func(p string) bool {
		return imported == p || strings.HasPrefix(imported, p+"/")
	})
}
