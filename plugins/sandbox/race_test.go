//go:build race

package sandbox_test

// raced says that the race detector watches, which makes everything slower.
const raced = true
