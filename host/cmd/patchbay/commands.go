package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/patchbay/patchbay/host"
	"github.com/patchbay/patchbay/sdk/wire"
)

// version is set when a release is built.
var version = "dev"

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:           "patchbay",
		Short:         "One gRPC API for every payment processor, each connector a process of its own",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cmd.AddCommand(serve(), validate(), showVersion(), connector(), plugins(), accounts(), doctor(), sweep())
	return cmd
}

// flags lay themselves on top of the configuration file.
func configFlags(cmd *cobra.Command) func() (host.Config, error) {
	file := cmd.Flags().String("config", "", "configuration file")
	dev := cmd.Flags().Bool("dev", false, "for one machine: loopback only, no caller authentication, manifests without digest, configuration from callers")
	listen := cmd.Flags().String("listen", "", "address for callers (default localhost:8000)")
	ops := cmd.Flags().String("ops", "", "address for /healthz, /readyz and /metrics (default none)")
	webhooks := cmd.Flags().String("webhooks", "", "address for webhooks of PSPs (default none)")
	plugins := cmd.Flags().String("plugins", "", "directory of the plugin manifests (default plugin-manifests)")
	return func() (host.Config, error) {
		var c host.Config
		if *file != "" {
			var err error
			if c, err = host.ReadConfig(*file); err != nil {
				return c, err
			}
		}
		c.Dev = *dev
		for field, flag := range map[*string]string{&c.Listen: *listen, &c.Ops: *ops, &c.Webhooks.Listen: *webhooks, &c.Plugins: *plugins} {
			if flag != "" {
				*field = flag
			}
		}
		return c, nil
	}
}

func serve() *cobra.Command {
	cmd := &cobra.Command{Use: "serve", Short: "Serve callers until SIGTERM or SIGINT", Args: cobra.NoArgs}
	config := configFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := config()
		if err != nil {
			return err
		}
		if err := host.HideMemory(); err != nil {
			return err
		}
		if c.Self, err = os.Executable(); err != nil {
			return err
		}
		return host.Run(cmd.Context(), c)
	}
	return cmd
}

// sweep is what the host starts to remove its files if it is killed.
func sweep() *cobra.Command {
	return &cobra.Command{
		Use: host.SweepCommand + " PATH...", Hidden: true, Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, paths []string) error {
			signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP) // it ends with the host, not before
			return host.Sweep(os.Stdin, paths...)
		},
	}
}

func validate() *cobra.Command {
	cmd := &cobra.Command{Use: "validate", Short: "Check the configuration and all manifests without running anything", Args: cobra.NoArgs}
	config := configFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := config()
		if err != nil {
			return err
		}
		valid, err := host.Validate(c)
		if err != nil {
			return fmt.Errorf("not valid:\n%w", err)
		}
		for _, line := range valid.Doubts {
			fmt.Fprintln(cmd.ErrOrStderr(), "warning:", line)
		}
		for _, line := range slices.Concat(valid.Accounts, valid.Manifests) {
			fmt.Fprintln(cmd.OutOrStdout(), line)
		}
		fmt.Fprintf(cmd.OutOrStdout(), "valid: configuration, and manifests: %d\n", len(valid.Manifests))
		return nil
	}
	return cmd
}

func showVersion() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Say which version this is", Args: cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) {
			revision := "unknown"
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, s := range info.Settings {
					if s.Key == "vcs.revision" {
						revision = s.Value
					}
				}
			}
			fmt.Fprintf(cmd.OutOrStdout(), "patchbay %s (revision %s, connector protocol %d, %s %s/%s)\n",
				version, revision, wire.ProtocolVersion, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		},
	}
}
