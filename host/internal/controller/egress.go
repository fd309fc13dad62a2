package controller

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/patchbay/patchbay/host/internal/manifest"
	"github.com/patchbay/patchbay/host/internal/supervise"
	gatewayv1 "github.com/patchbay/patchbay/proto/patchbay/gateway/v1"
)

// egressProblems says which hosts a connector says that it calls and its manifest
// does not name: calls that need them will fail.
func egressProblems(file string, s supervise.Status) []*gatewayv1.Problem {
	if s.Description == nil {
		return nil
	}
	declared := s.Serving.Manifest.Endpoints()
	var problems []*gatewayv1.Problem
	for _, text := range s.Description.Wired.GetEgressHosts() {
		wanted, err := manifest.ParseEndpoint(text)
		if err == nil && slices.ContainsFunc(declared, func(e manifest.Endpoint) bool { return e.Covers(wanted) }) {
			continue
		}
		p := &gatewayv1.Problem{
			File: file, Field: "egress",
			Reason: fmt.Sprintf("%s says that it calls %.300q, which egress does not have: it can't", s.Serving.Manifest.ID(), text),
		}
		if !s.Since.IsZero() {
			p.Since = timestamppb.New(s.Since)
		}
		problems = append(problems, p)
	}
	return problems
}
