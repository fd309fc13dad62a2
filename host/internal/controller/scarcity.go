package controller

import (
	"errors"
	"slices"
	"syscall"
	"time"
)

// scarce says whether an error is the machine's want of something that may be
// there again a moment later, without any file telling so by a change.
func scarce(err error) bool {
	return slices.ContainsFunc([]error{
		syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EIO,
	}, func(want error) bool { return errors.Is(err, want) })
}

// The pauses after which manifests are followed again that could not be for want
// of something.
const (
	firstLook = time.Second
	lastLook  = 30 * time.Second
)

// scarcity says when to look again.
type scarcity struct {
	again <-chan time.Time // nil if nothing is wanting, or the time has come
	pause time.Duration
}

// note takes in how a look went; it returns whether there is to be another.
func (s *scarcity) note(lacked bool) bool {
	if !lacked {
		*s = scarcity{}
		return false
	}
	if s.again == nil { // looks in between, for other reasons, do not put the next one off
		s.pause = min(max(2*s.pause, firstLook), lastLook)
		s.again = time.After(s.pause)
	}
	return true
}
