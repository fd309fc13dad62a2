package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	adminv1 "github.com/patchbay/patchbay/proto/patchbay/admin/v1"
)

// accounts is the parent of the commands about accounts.
func accounts() *cobra.Command {
	o := &operator{}
	cmd := &cobra.Command{
		Use: "accounts", Short: "See and check the accounts of a running gateway", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	o.flags(cmd)
	cmd.AddCommand(
		o.command("list [CONNECTOR]", "List accounts, and what is wrong with their declarations", cobra.MaximumNArgs(1), o.listAccounts),
		o.command("check NAME", "Ask the PSP whether it accepts an account's credentials; no money moves", cobra.ExactArgs(1), o.checkAccount),
	)
	return cmd
}

func (o *operator) listAccounts(ctx context.Context, r request) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	resp, err := r.accounts.ListAccounts(ctx, &adminv1.ListAccountsRequest{Connector: r.name})
	if err != nil {
		return err
	}
	return o.print(r.out, resp, func(p *table) { p.accounts(resp) })
}

func (o *operator) checkAccount(ctx context.Context, r request) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	resp, err := r.accounts.CheckAccount(ctx, &adminv1.CheckAccountRequest{Name: r.name})
	if err != nil {
		return err
	}
	return o.print(r.out, resp, func(p *table) {
		money := "test money"
		if resp.GetLive() {
			money = "REAL MONEY"
		}
		p.line("account %s: the PSP accepts its credentials; id %q; it moves %s", r.name, resp.GetAccountId(), money)
	})
}

func (t *table) accounts(resp *adminv1.ListAccountsResponse) {
	t.line("NAME\tCONNECTOR\tDEFAULT\tSOURCE\tAGE\tFIELDS\tSCHEMA")
	for _, a := range resp.GetAccounts() {
		schema := "not known yet"
		switch {
		case a.GetWrong() != "":
			schema = a.GetWrong()
		case a.GetChecked():
			schema = "fits"
		}
		t.line("%s\t%s\t%s\t%s\t%s\t%s\t%s", a.GetName(), a.GetConnector(), yesNo(a.GetDefault()), a.GetSource(),
			time.Since(a.GetSince().AsTime()).Round(time.Second), strings.Join(a.GetFields(), ","), schema)
	}
	if len(resp.GetProblems()) > 0 {
		t.line("\nDECLARATION\tLINE\tFIELD\tPROBLEM")
	}
	for _, p := range resp.GetProblems() {
		t.line("%s\t%s\t%s\t%s", p.GetFile(), orDash(p.GetLine()), p.GetField(), p.GetReason())
	}
}
