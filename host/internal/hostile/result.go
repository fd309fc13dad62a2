// Package hostile attacks the host from inside of a plugin, and says by what is
// seen outside whether it came through: a listener that heard something, a file
// that is there, a process that lives on. What the plugin itself believes counts
// for nothing.
//
// It is run as an unprivileged user alone: what comes through does what it says.
package hostile

import "github.com/patchbay/patchbay/host/internal/sandbox"

// Config says what is attacked with what.
type Config struct {
	Plugin string // the hostile plugin
	Dir    string // for all files; empty, and with a short path
	Tier   sandbox.Tier
	// Only is the name of one attack; empty for all.
	Only string
}

// Result is what became of one attack.
type Result struct {
	Attack  string `json:"attack"`
	What    string `json:"what"`
	Tier    string `json:"tier"`
	Stopped bool   `json:"stopped"`
	// Known says that docs/security.md states that it comes through in this tier.
	Known bool `json:"known"`
	// Unproven says why it may fail by itself; empty if it comes through in T1.
	Unproven string `json:"unproven,omitempty"`
}
