package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/patchbay/patchbay/host"
)

// hostilePlugin is the name of the plugin that attacks.
const hostilePlugin = "connector-hostile"

func doctor() *cobra.Command {
	cmd := &cobra.Command{
		Use: "doctor", Short: "Say what this machine can enforce upon plugins", Args: cobra.NoArgs,
		Long: "Says which tier of the sandbox this user can have on this machine, and what stands in the way of a better one.\n" +
			"With --hostile a plugin that misbehaves is run in it, and what it achieves is looked for outside.",
	}
	attack := cmd.Flags().Bool("hostile", false, "run the attacks of "+hostilePlugin+", which has to lie beside this program; not as root")
	plugin := cmd.Flags().String("plugin", "", "the hostile plugin, if it lies elsewhere")
	expect := cmd.Flags().String("expect", "", "fail if the tier is below T1, T2 or T3")
	output := cmd.Flags().StringP("output", "o", "table", "table or json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		path := ""
		if *attack || *plugin != "" {
			var err error
			if path, err = findHostile(*plugin); err != nil {
				return err
			}
		}
		d, err := host.Diagnose(cmd.Context(), path)
		if err != nil {
			return err
		}
		if err := printDiagnosis(cmd.OutOrStdout(), *output, d); err != nil {
			return err
		}
		if through := d.Through(); len(through) > 0 {
			return fmt.Errorf("attacks came through that tier %s should stop: %s", d.Tier, strings.Join(through, ", "))
		}
		if *expect != "" {
			return d.CheckTier(*expect)
		}
		return nil
	}
	return cmd
}

// findHostile finds the plugin that attacks.
func findHostile(path string) (string, error) {
	if path == "" {
		self, err := os.Executable()
		if err != nil {
			return "", err
		}
		path = filepath.Join(filepath.Dir(self), hostilePlugin)
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s is not beside this program: build it with make build, or name it with --plugin: %w", hostilePlugin, err)
	}
	return path, nil
}

func printDiagnosis(out io.Writer, format string, d host.Diagnosis) error {
	switch format {
	case "json":
		return json.NewEncoder(out).Encode(d)
	case "table":
	default:
		return errors.New("--output: neither table nor json")
	}
	t := &table{tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
	t.line("TIER\t%s", d.Tier)
	t.line("\nMECHANISM\tENFORCED\tDETAIL")
	for _, m := range d.Mechanisms {
		t.line("%s\t%s\t%s", m.Name, yesNo(m.Enforced), m.Detail)
	}
	if len(d.Attacks) > 0 {
		t.line("\nATTACK\tRESULT\tTHE PLUGIN\tREMARK")
	}
	for _, r := range d.Attacks {
		result := "stopped"
		switch {
		case !r.Stopped && r.Known:
			result = "comes through, as documented"
		case !r.Stopped:
			result = "COMES THROUGH"
		}
		t.line("%s\t%s\t%s\t%s", r.Attack, result, r.What, r.Unproven)
	}
	return t.Flush()
}
