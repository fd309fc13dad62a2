package hostile

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"

	"github.com/patchbay/patchbay/host/internal/launch/launchtest"
	"github.com/patchbay/patchbay/host/internal/sandbox"
)

// Variable of the environment with the targets, for the plugin.
const targetsVariable = "HOSTILE_TARGETS"

// targets are what the plugin attacks.
type targets struct {
	Attack   string
	Secret   string // a file with the marker, and with it in its name
	Marker   string
	Dir      string // where it would like to write
	TCP, UDP string // addresses of listeners
	Abstract string // of a Unix listener
	Socket   string // of another plugin
	Host     int    // the host's process
	Address  uintptr
	Length   int    // of the marker in the host's memory
	Victim   int    // a process of the same user
	Binary   string // the verified copy that it runs
	Key      string // what to call a key
	IPC      int    // what to call shared memory
}

// attack is one misbehaviour. do is done by the plugin before it serves; seen
// looks for the effect while the plugin runs, or has failed to, and left after it
// was stopped, when all that it said is in the log. Both are the host's.
type attack struct {
	name, what string
	do         func(targets)
	seen       func(*field, *guest) bool
	left       func(*field, *guest) bool
	// remains is the best tier in which it comes through; docs/security.md tells.
	remains sandbox.Tier
	// always says what stops it in every tier; empty if T1 does not.
	always string
	// unproven says why it may fail in T1 by itself, so that being stopped says
	// less on some machines; empty if it never does.
	unproven string
}

// Main is the plugin.
func Main() {
	var t targets
	if err := json.Unmarshal([]byte(os.Getenv(targetsVariable)), &t); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v: this plugin is a test's; patchbay doctor --hostile runs it\n", targetsVariable, err)
		os.Exit(2)
	}
	all := attacks()
	i := slices.IndexFunc(all, func(a attack) bool { return a.name == t.Attack })
	if i < 0 {
		fmt.Fprintf(os.Stderr, "no attack is called %q\n", t.Attack)
		os.Exit(2)
	}
	runtime.LockOSThread()
	all[i].do(t)
	launchtest.Serve("")
}

// attacks are all of them.
func attacks() []attack {
	return slices.Concat(onFiles(), onProcesses(), onNetworks(), onResources(), onKernel(), onProtocol())
}

// loot tells what was found where the host's operators read it.
func loot(text string) { fmt.Fprintln(os.Stderr, "loot:", text) }

// lootIs is an effect: the marker has come out.
func lootIs(f *field, g *guest) bool { return g.said(f.marker) }
