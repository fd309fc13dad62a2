package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/patchbay/patchbay/sdk/connectortest"
)

func connectorTest() *cobra.Command {
	var run conformance
	var only string
	cmd := &cobra.Command{
		Use:   "test [TEST.YAML]",
		Short: "Hold a connector to what holds for every connector",
		Long: "Starts the connector and the stand-in of its PSP that the file names (default test.yaml), and runs the\n" +
			"conformance suite. It fails if a scenario fails, or if the connector declares what the suite did not prove.",
		Example: "  patchbay connector test plugins/sandbox/test.yaml --run '^capture/'",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			run.out = cmd.OutOrStdout()
			if only != "" {
				if run.only, err = regexp.Compile(only); err != nil {
					return fmt.Errorf("--run: %w", err)
				}
			}
			return run.command(cmd, append(args, "test.yaml")[0])
		},
	}
	cmd.Flags().StringVar(&only, "run", "", "only scenarios whose id matches this pattern")
	cmd.Flags().BoolVar(&run.list, "list", false, "list the scenarios instead of running them")
	cmd.Flags().BoolVarP(&run.verbose, "verbose", "v", false, "say how each scenario ended, not only those that failed")
	cmd.Flags().StringVar(&run.json, "json", "", "file to write the results to, as JSON")
	cmd.Flags().StringVar(&run.junit, "junit", "", "file to write the results to, as JUnit XML")
	return cmd
}

// conformance is one run of "patchbay connector test".
type conformance struct {
	out         io.Writer
	only        *regexp.Regexp
	list        bool
	verbose     bool
	json, junit string
}

func (r conformance) command(cmd *cobra.Command, file string) error {
	plan, err := connectortest.ReadPlan(file)
	if err != nil {
		return err
	}
	if r.list {
		return r.printList(plan)
	}
	suite := connectortest.Suite{Plan: plan, Only: r.only, Progress: r.print}
	report, err := suite.Run(cmd.Context())
	if err != nil {
		return err
	}
	for file, write := range map[string]func(io.Writer) error{r.json: report.WriteJSON, r.junit: report.WriteJUnit} {
		if err := writeFile(file, write); err != nil {
			return err
		}
	}
	fmt.Fprintf(r.out, "%s: %d passed, %d failed, %d skipped in %s\n", report.Connector,
		report.Count(connectortest.Passed), report.Count(connectortest.Failed), report.Count(connectortest.Skipped), report.Took.Round(1e6))
	if r.only != nil && report.Count(connectortest.Failed) == 0 {
		return nil // a part of the suite can't prove everything
	}
	return report.Err()
}

func (r conformance) printList(plan *connectortest.Plan) error {
	table := tabwriter.NewWriter(r.out, 0, 0, 2, ' ', 0)
	for _, s := range connectortest.Scenarios(plan) {
		if r.only == nil || r.only.MatchString(s.ID) {
			fmt.Fprintf(table, "%s\t%s\n", s.ID, s.Summary)
		}
	}
	return table.Flush()
}

// print says how a scenario ended, and of one that failed what was called.
func (r conformance) print(result connectortest.Result) {
	if result.Status == connectortest.Failed {
		fmt.Fprintf(r.out, "failed   %s\n         should hold: %s\n         %s\n", result.Scenario, result.Summary, result.Reason)
		for _, call := range result.Trace {
			fmt.Fprintf(r.out, "           %s\n", call)
		}
		return
	}
	if r.verbose {
		fmt.Fprintln(r.out, strings.TrimSpace(fmt.Sprintf("%-8s %s  %s", result.Status, result.Scenario, result.Reason)))
	}
}

// writeFile writes a file; no name, no file.
func writeFile(name string, write func(io.Writer) error) (err error) {
	if name == "" {
		return nil
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() {
		if closed := file.Close(); err == nil {
			err = closed
		}
	}()
	return write(file)
}

func connectorDriver() *cobra.Command {
	var psp, listen string
	cmd := &cobra.Command{
		Use:     "driver",
		Short:   "Put a driver before a PSP's stand-in: it records requests and fails on request",
		Example: "  patchbay connector driver --psp http://127.0.0.1:4242",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return connectortest.RunDriver(cmd.Context(), psp, listen, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&psp, "psp", "", "address of the stand-in, such as http://127.0.0.1:4242")
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "address to listen on; port 0 takes a free one, and the address is printed")
	_ = cmd.MarkFlagRequired("psp") // the flag is there
	return cmd
}
