package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/mod/modfile"

	"github.com/patchbay/patchbay/host/cmd/patchbay/scaffold"
)

func connectorNew() *cobra.Command {
	var n newConnector
	cmd := &cobra.Command{
		Use:     "new NAME",
		Short:   "Write the Go module of a new connector, which builds, passes its tests and answers calls as it is",
		Example: "  patchbay connector new acme --dir ../connector-acme --module example.com/connector-acme",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			n.Name, n.out = args[0], cmd.OutOrStdout()
			return n.run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&n.dir, "dir", "", "folder to write; it must not be there, or be empty (default connector-NAME, beside the checkout where run in one)")
	cmd.Flags().StringVar(&n.Module, "module", "", "the module's path (default example.com/connector-NAME)")
	cmd.Flags().StringVar(&n.SDK, "sdk", "", "checkout of "+scaffold.SDKModule+" to build against (default that of the current directory; outside of one, the latest release)")
	return cmd
}

// newConnector is one run of "patchbay connector new".
type newConnector struct {
	scaffold.Options
	dir string
	out io.Writer
}

func (n *newConnector) run(ctx context.Context) error {
	if err := n.locate(); err != nil {
		return err
	}
	files, err := scaffold.Files(n.Options)
	if err != nil {
		return err
	}
	tidied, err := n.write(ctx, files)
	if err != nil {
		return err
	}
	n.explain(len(files), tidied)
	return nil
}

// locate finds the checkout and the folder to write.
func (n *newConnector) locate() error {
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	parent := here
	if n.SDK == "" {
		if n.SDK = checkoutAround(here); n.SDK != "" {
			parent = filepath.Dir(n.SDK)
		}
	} else if n.SDK, err = filepath.Abs(n.SDK); err != nil || !isCheckout(n.SDK) {
		return fmt.Errorf("--sdk: %s has no go.mod of %s", n.SDK, scaffold.SDKModule)
	}
	if n.dir == "" {
		n.dir = filepath.Join(parent, "connector-"+n.Name)
	}
	if n.dir, err = filepath.Abs(n.dir); err != nil {
		return err
	}
	switch there, err := os.ReadDir(n.dir); {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(there) > 0:
		return fmt.Errorf("%s is there already and not empty; name another folder with --dir", n.dir)
	}
	return nil
}

// checkoutAround is the checkout that a folder lies in, or nothing.
func checkoutAround(dir string) string {
	for !isCheckout(dir) {
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
	return dir
}

func isCheckout(dir string) bool {
	raw, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	return err == nil && modfile.ModulePath(raw) == scaffold.SDKModule
}

// write makes the whole module or, where anything fails, nothing.
func (n *newConnector) write(ctx context.Context, files []scaffold.File) (tidied bool, err error) {
	fresh := !exists(n.dir)
	if err := os.MkdirAll(n.dir, 0o755); err != nil {
		return false, err
	}
	stage, err := os.MkdirTemp(n.dir, ".new-")
	if err != nil {
		return false, err
	}
	defer func() {
		err = errors.Join(err, os.RemoveAll(stage))
		if err != nil && fresh {
			_ = os.Remove(n.dir)
		}
	}()
	for _, f := range files {
		path := filepath.Join(stage, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return false, err
		}
		if err := os.WriteFile(path, f.Content, 0o644); err != nil {
			return false, err
		}
	}
	if tidied, err = n.tidy(ctx, stage); err != nil {
		return false, err
	}
	return tidied, moveAll(stage, n.dir)
}

// moveAll moves what is in one folder into another.
func moveAll(from, to string) error {
	entries, err := os.ReadDir(from)
	for _, entry := range entries {
		err = errors.Join(err, os.Rename(filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name())))
	}
	return err
}

// tidy completes go.mod and go.sum, if there is a Go to do it.
func (n *newConnector) tidy(ctx context.Context, dir string) (done bool, err error) {
	if n.SDK != "" { // what the module needs, the checkout needs as well: its sums are known
		sums, err := os.ReadFile(filepath.Join(n.SDK, "go.sum"))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o644)
		}
		if err != nil {
			return false, err
		}
	}
	if !haveGo() {
		return false, nil
	}
	if n.SDK == "" {
		if err := goIn(ctx, dir, "get", scaffold.SDKModule+"@latest"); err != nil {
			return false, fmt.Errorf("there is no release to build against; name a checkout of %s with --sdk: %w", scaffold.SDKModule, err)
		}
	}
	return true, goIn(ctx, dir, "mod", "tidy")
}

func haveGo() bool {
	_, err := exec.LookPath("go")
	return err == nil
}

// goIn runs the go command in a folder.
func goIn(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, bytes.TrimSpace(said))
	}
	return nil
}

// explain says what was done and what comes next.
func (n *newConnector) explain(files int, tidied bool) {
	against := "the latest release of " + scaffold.SDKModule
	grpcurl := "grpcurl"
	if n.SDK != "" {
		against = n.SDK
		if own := filepath.Join(n.SDK, "scripts", "grpcurl"); exists(own) {
			grpcurl = quoted(own)
		}
	}
	patchbay, err := os.Executable()
	if err != nil {
		patchbay = "patchbay"
	}
	fmt.Fprintf(n.out, "%s: wrote %d files, to be built against %s\n", n.dir, files, against)
	first := ""
	if !tidied {
		fmt.Fprintln(n.out, "There is no go command on the PATH: the module is not complete without go mod tidy.")
		first = "go mod tidy\n"
	}
	dir := quoted(n.dir)
	fmt.Fprintf(n.out, nextSteps, dir, first, n.Name, dir, dir, quoted(patchbay), scaffold.FirstCall(n.Name, grpcurl))
}

// nextSteps is to be pasted, piece by piece.
const nextSteps = `
Build it:

cd %s
%sCGO_ENABLED=0 go build -trimpath -o bin/ ./cmd/... && cp %s.yaml bin/

In a second terminal, start the PSP's stand-in:

%s/bin/psp-standin

In a third, the gateway, which swaps in whatever is built from now on:

cd %s && %s serve --dev --plugins bin

In the first, make a payment:

%s

And run the tests; the one that is skipped says what to write next:

go test ./... && go test -v -run TestCapture .

README.md has the rest.
`

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

var plain = regexp.MustCompile(`^[A-Za-z0-9_./+@:-]+$`)

// quoted is a path as a shell takes it.
func quoted(path string) string {
	if plain.MatchString(path) {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
