//go:build !linux

package hostile

import (
	"context"
	"errors"
)

// Run runs no attacks: they are made for Linux.
func Run(context.Context, Config) ([]Result, error) {
	return nil, errors.New("the attacks are made for Linux")
}

// Main is the plugin.
func Main() {}

// Child is what a child of the plugin does.
func Child() {}
