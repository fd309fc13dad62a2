package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/patchbay/patchbay/host"
	adminv1 "github.com/patchbay/patchbay/proto/patchbay/admin/v1"
)

// adminEnv is the variable with the address of a gateway's operators' listener.
const adminEnv = "PATCHBAY_ADMIN"

// operator is what the commands for operators share: where the gateway is, and
// how to print.
type operator struct {
	address, config string
	dev             bool
	output          string
	timeout         time.Duration
}

// plugins is the parent of the commands for operators.
func plugins() *cobra.Command {
	o := &operator{}
	cmd := &cobra.Command{
		Use: "plugins", Short: "See and steer the plugins of a running gateway", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	o.flags(cmd)
	cmd.AddCommand(
		o.command("list [NAME]", "List plugins, and what is wrong with manifests", cobra.MaximumNArgs(1), o.list),
		o.command("show NAME[@VERSION]", "Show one plugin with all that is known of it", cobra.ExactArgs(1), o.show),
		o.command("watch [NAME]", "Show each step in the life of plugins as it happens", cobra.MaximumNArgs(1), o.watch),
		o.command("reload [NAME[@VERSION]]", "Look at the manifests now, or start one connector anew", cobra.MaximumNArgs(1), o.reload),
		o.command("drain NAME[@VERSION]", "Take a connector out of service until it is reloaded", cobra.ExactArgs(1), o.drain),
		o.pinCommand(),
		o.command("rollback NAME", "Go back to what served before", cobra.ExactArgs(1), o.rollback),
		o.logsCommand(),
		o.installCommand(), o.removeCommand(), o.approveCommand(),
	)
	return cmd
}

// flags are what all commands for operators take.
func (o *operator) flags(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	flags.StringVar(&o.address, "admin", "", "address of the gateway's listener for operators, such as unix:/var/lib/patchbay/admin.sock (default $"+adminEnv+", or what the configuration says)")
	flags.StringVar(&o.config, "config", "", "the gateway's configuration file, which says where it listens")
	flags.BoolVar(&o.dev, "dev", false, "the gateway runs with --dev")
	flags.StringVarP(&o.output, "output", "o", "table", "table or json")
	flags.DurationVar(&o.timeout, "timeout", 3*time.Minute, "how long to wait for an answer")
}

// command is one command for operators. run gets the one argument, or "".
func (o *operator) command(use, short string, args cobra.PositionalArgs, run func(context.Context, request) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: args,
		RunE: func(cmd *cobra.Command, args []string) error {
			r := request{out: cmd.OutOrStdout()}
			if len(args) > 0 {
				var pinned bool
				r.name, r.version, pinned = strings.Cut(args[0], "@")
				if r.name == "" || pinned && r.version == "" {
					return fmt.Errorf("%q is not NAME or NAME@VERSION", args[0])
				}
				if pinned && !strings.Contains(use, "VERSION") {
					return fmt.Errorf("%s takes a NAME without a version: %s", cmd.Name(), r.name)
				}
			}
			return o.call(cmd.Context(), r, run)
		},
	}
}

func (o *operator) pinCommand() *cobra.Command {
	none := new(bool)
	cmd := o.command("pin NAME@VERSION | pin NAME --none", "Have one version serve the calls that pin none", cobra.ExactArgs(1),
		func(ctx context.Context, r request) error { return o.pin(ctx, r, *none) })
	cmd.Flags().BoolVar(none, "none", false, "take the pin back: the highest version serves")
	return cmd
}

func (o *operator) logsCommand() *cobra.Command {
	tail, follow := new(uint32), new(bool)
	cmd := o.command("logs NAME[@VERSION]", "Show what a connector has written", cobra.ExactArgs(1),
		func(ctx context.Context, r request) error { return o.logs(ctx, r, *tail, *follow) })
	cmd.Flags().Uint32VarP(tail, "tail", "n", 0, "only so many of the last lines (default all that are kept)")
	cmd.Flags().BoolVarP(follow, "follow", "f", false, "go on with what is written from now on")
	return cmd
}

// request is one command's call.
type request struct {
	out           io.Writer
	client        adminv1.PluginServiceClient
	accounts      adminv1.AccountServiceClient
	name, version string
}

// call connects and runs a command.
func (o *operator) call(ctx context.Context, r request, run func(context.Context, request) error) error {
	if o.output != "table" && o.output != "json" {
		return fmt.Errorf("--output: %q is neither table nor json", o.output)
	}
	address, err := o.where()
	if err != nil {
		return err
	}
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("--admin: %w", err)
	}
	defer conn.Close()
	r.client, r.accounts = adminv1.NewPluginServiceClient(conn), adminv1.NewAccountServiceClient(conn)
	err = run(ctx, r)
	switch st, ok := status.FromError(err); {
	case err == nil || !ok:
		return err
	case st.Code() == codes.Unavailable:
		return fmt.Errorf("no gateway answers at %s: %s; say where it is with --admin, --config, --dev or $%s", address, st.Message(), adminEnv)
	case st.Code() == codes.DeadlineExceeded:
		return fmt.Errorf("not done within %s, and not called off: patchbay plugins watch tells how it goes on", o.timeout)
	default:
		return errors.New(st.Message())
	}
}

// where finds the gateway.
func (o *operator) where() (string, error) {
	address := o.address
	if address == "" && o.config == "" {
		address = os.Getenv(adminEnv)
	}
	if path, ok := strings.CutPrefix(address, "unix:"); ok && path != "" {
		return address, nil
	}
	if address != "" {
		return "", fmt.Errorf("--admin or $%s: %q is not unix: with the path of a socket", adminEnv, address)
	}
	c, err := o.hostConfig()
	if err != nil {
		return "", err
	}
	return host.AdminAddress(c)
}

// argument is the command's one argument.
func (r request) argument() string {
	if r.version == "" {
		return r.name
	}
	return r.name + "@" + r.version
}

// hostConfig is the gateway's configuration.
func (o *operator) hostConfig() (c host.Config, err error) {
	if o.config != "" {
		c, err = host.ReadConfig(o.config)
	}
	c.Dev = o.dev
	return c, err
}
