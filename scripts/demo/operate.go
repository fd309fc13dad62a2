package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// operate steps in as an operator does: it goes back to what served before, and
// takes a connector out of service.
func (s *stage) operate(ctx context.Context) error {
	if _, err := s.plugins(ctx, "list"); err != nil {
		return err
	}
	began := time.Now()
	told, err := s.plugins(ctx, "rollback", "sandbox")
	if err != nil {
		return err
	}
	fmt.Printf("after %s\n", since(began))
	if err := expect("what serves", strings.HasPrefix(told, "sandbox@0.1.0 serves"), true); err != nil {
		return err
	}
	if _, err := s.plugins(ctx, "drain", "stripe"); err != nil {
		return err
	}
	_, refused, err := grpcurl(ctx, s.callArgs("stripe", paymentService+"/GetPayment", `{"payment_id": "pi_1"}`)...)
	if err == nil {
		return errors.New("expected a call to what is drained to be refused")
	}
	for _, want := range []string{"Code: Unavailable", `"sent": "NEVER"`} {
		if !strings.Contains(refused, want) {
			return fmt.Errorf("expected %s, got %s", want, refused)
		}
	}
	fmt.Println("refused at once: Unavailable, sent NEVER")
	for _, name := range []string{"stripe", "sandbox"} {
		if _, err := s.plugins(ctx, "reload", name); err != nil {
			return err
		}
	}
	return nil
}

// plugins runs a command for operators, and shows it with what it says.
func (s *stage) plugins(ctx context.Context, args ...string) (told string, err error) {
	fmt.Printf("$ bin/patchbay plugins %s\n", strings.Join(args, " "))
	args = append([]string{"plugins", "--config", filepath.Join(s.dir, "patchbay.yaml")}, args...)
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "patchbay"), args...)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("expected it to be done, got %w: %s", err, complaints.String())
	}
	fmt.Print(out.String())
	return out.String(), nil
}
