//go:build !race

package e2e

// raceEnabled: the programs that the tests drive are built like the tests.
const raceEnabled = false
