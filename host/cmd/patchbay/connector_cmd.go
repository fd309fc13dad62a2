package main

import "github.com/spf13/cobra"

// connector is the parent of the commands for those who write connectors.
func connector() *cobra.Command {
	cmd := &cobra.Command{
		Use: "connector", Short: "For those who write connectors", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }, // without it a wrong word is no error
	}
	cmd.AddCommand(connectorNew(), connectorTest(), connectorDriver(),
		connectorPackage(), connectorKeygen(), connectorSign(), connectorVerify())
	return cmd
}
