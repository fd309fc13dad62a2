package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/patchbay/patchbay/host"
)

// onFiles makes a command for operators that needs no running gateway: it works on
// the directory of the manifests, which a running one follows.
func (o *operator) onFiles(cmd *cobra.Command, run func(c host.Config, cmd *cobra.Command, args []string) error) *cobra.Command {
	dir := cmd.Flags().String("plugins", "", "directory of the plugin manifests (default what the configuration says)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := o.hostConfig()
		if err != nil {
			return err
		}
		if *dir != "" {
			c.Plugins = *dir
		}
		return run(c, cmd, args)
	}
	return cmd
}

func (o *operator) installCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "install PACKAGE",
		Short: "Put a package into the directory of the manifests, if the policy lets it run",
		Long:  "Versions that are installed stay beside the new one, which serves if it is the highest; pin goes back.",
		Args:  cobra.ExactArgs(1),
	}
	approve := cmd.Flags().Bool("approve", false, "approve its bytes in the lock file as well")
	older := cmd.Flags().Bool("allow-older", false, "approve them though a higher version was accepted before")
	return o.onFiles(cmd, func(c host.Config, cmd *cobra.Command, args []string) error {
		installed, err := host.InstallPackage(c, args[0], *approve, *older, cmd.ErrOrStderr())
		if err == nil {
			fmt.Fprintf(cmd.OutOrStdout(), "installed %s\n", installed)
		}
		return err
	})
}

func (o *operator) removeCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "remove NAME@VERSION", Short: "Take an installed package out of the directory of the manifests", Args: cobra.ExactArgs(1)}
	return o.onFiles(cmd, func(c host.Config, cmd *cobra.Command, args []string) error {
		name, version, _ := strings.Cut(args[0], "@")
		if err := host.RemovePackage(c, name, version); err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "removed %s\n", args[0])
		return nil
	})
}

func (o *operator) approveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "approve [NAME[@VERSION]]",
		Short: "Approve the bytes that manifests declare, or those of one connector, in the lock file",
		Args:  cobra.MaximumNArgs(1),
	}
	older := cmd.Flags().Bool("allow-older", false, "let them run though a higher version was accepted before")
	return o.onFiles(cmd, func(c host.Config, cmd *cobra.Command, args []string) error {
		name, version, _ := strings.Cut(append(args, "")[0], "@")
		approved, err := host.Approve(c, name, version, *older)
		for _, line := range approved {
			fmt.Fprintf(cmd.OutOrStdout(), "approved %s\n", line)
		}
		return err
	})
}
