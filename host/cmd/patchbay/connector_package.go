package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/patchbay/patchbay/host"
)

// passwordEnv is the variable with the password of a publisher's key, which has no
// place among arguments.
const passwordEnv = "PATCHBAY_KEY_PASSWORD"

func connectorPackage() *cobra.Command {
	var manifest, output string
	cmd := &cobra.Command{
		Use:     "package BINARY|DIR",
		Short:   "Put a connector's version into one file that operators can install",
		Long:    "Writes a package of a binary, or of a directory with all files of a plugin, and a manifest.\nEqual input makes an equal package, byte for byte.",
		Example: "  patchbay connector package bin/connector-acme --manifest acme.yaml",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, digest, err := host.MakePackage(args[0], manifest, output)
			if err == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "%s: SHA-256 %s\n", file, digest)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&manifest, "manifest", "", "the connector's manifest; the package's command, bundle and sha256 are set by themselves")
	cmd.Flags().StringVarP(&output, "output", "o", "", "the package's file (default NAME-VERSION-OS-ARCH.patchbay)")
	_ = cmd.MarkFlagRequired("manifest") // the flag is there
	return cmd
}

func connectorKeygen() *cobra.Command {
	return &cobra.Command{
		Use:   "keygen NAME",
		Short: "Make a publisher's key: NAME.key to sign with, NAME.pub for operators",
		Long:  "The files are minisign's. NAME.key is encrypted if $" + passwordEnv + " has a password.",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			password := os.Getenv(passwordEnv)
			public, err := host.MakeKey(args[0], password)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s.pub: %s\n", args[0], public)
			if password == "" {
				fmt.Fprintf(cmd.ErrOrStderr(), "%s.key is not encrypted: $%s is not set\n", args[0], passwordEnv)
			}
			return nil
		},
	}
}

func connectorSign() *cobra.Command {
	var key, platform string
	cmd := &cobra.Command{
		Use:     "sign PACKAGE",
		Short:   "Sign a package with a publisher's key",
		Long:    "Signs name, version, platform and digest, and puts the signature into the package.\n$" + passwordEnv + " has the password of a key that is encrypted.",
		Example: "  patchbay connector sign acme-1.4.0-linux-amd64.patchbay --key acme.key",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			signed, err := host.SignPackage(args[0], key, os.Getenv(passwordEnv), platform)
			if err == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "signed %s\n", signed)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "file of the private key, of keygen's or minisign's")
	cmd.Flags().StringVar(&platform, "platform", "", "what it runs on, such as linux/amd64, or any (default what the binary was built for)")
	_ = cmd.MarkFlagRequired("key") // the flag is there
	return cmd
}

func connectorVerify() *cobra.Command {
	var key, config string
	cmd := &cobra.Command{
		Use:     "verify PACKAGE",
		Short:   "Check a package and its signature, with a public key or by a gateway's policy",
		Example: "  patchbay connector verify acme-1.4.0-linux-amd64.patchbay --key acme.pub",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			verified, err := verify(cmd, args[0], key, config)
			if err == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "verified: %s\n", verified)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "file of the public key")
	cmd.Flags().StringVar(&config, "config", "", "a gateway's configuration file")
	return cmd
}

func verify(cmd *cobra.Command, file, key, config string) (string, error) {
	switch {
	case (key == "") == (config == ""):
		return "", errors.New("give either --key or --config")
	case key != "":
		return host.VerifyPackage(file, key)
	}
	c, err := host.ReadConfig(config)
	if err != nil {
		return "", err
	}
	return host.VerifyByPolicy(c, file, cmd.ErrOrStderr())
}
