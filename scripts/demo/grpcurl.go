package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// shown is how much of an answer is shown.
const shown = 700

// grpcurl runs the pinned grpcurl as a user would, and shows the command.
func grpcurl(ctx context.Context, args ...string) (stdout, stderr string, err error) {
	words := make([]string, len(args))
	for i, arg := range args {
		if words[i] = arg; strings.ContainsAny(arg, " \"{") {
			words[i] = "'" + arg + "'"
		}
	}
	fmt.Printf("$ scripts/grpcurl %s\n", strings.Join(words, " "))
	cmd := exec.CommandContext(ctx, "scripts/grpcurl", args...)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err = cmd.Run()
	return out.String(), complaints.String(), err
}

// call makes one call through the gateway, shows its answer on one line and
// decodes it. connector may be empty.
func (s *stage) call(ctx context.Context, connector, method, request string, answer proto.Message) error {
	stdout, stderr, err := grpcurl(ctx, s.callArgs(connector, method, request)...)
	if err != nil {
		return fmt.Errorf("expected an answer, got %w: %s", err, stderr)
	}
	var line bytes.Buffer
	if err := json.Compact(&line, []byte(stdout)); err != nil {
		return fmt.Errorf("expected JSON, got %q", stdout)
	}
	if line.Len() > shown {
		line.Truncate(shown)
		line.WriteString(" …")
	}
	fmt.Println(line.String())
	return protojson.Unmarshal([]byte(stdout), answer)
}

func (s *stage) callArgs(connector, method, request string) []string {
	args := []string{"-plaintext"}
	if connector != "" {
		args = append(args, "-H", "x-connector: "+connector)
	}
	if request != "" {
		args = append(args, "-d", request)
	}
	return append(args, s.gateway.Address, method)
}
