package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	adminv1 "github.com/patchbay/patchbay/proto/patchbay/admin/v1"
)

func (o *operator) list(ctx context.Context, r request) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	resp, err := r.client.ListPlugins(ctx, &adminv1.ListPluginsRequest{Name: r.name})
	if err != nil {
		return err
	}
	return o.print(r.out, resp, func(p *table) { p.plugins(resp.GetPlugins(), resp.GetProblems()) })
}

func (o *operator) show(ctx context.Context, r request) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	resp, err := r.client.ListPlugins(ctx, &adminv1.ListPluginsRequest{Name: r.name})
	if err != nil {
		return err
	}
	shown := 0
	for _, plugin := range resp.GetPlugins() {
		if r.version != "" && r.version != plugin.GetVersion() && r.version != plugin.GetDeclared().GetVersion() {
			continue
		}
		shown++
		if err := o.print(r.out, plugin, func(p *table) { p.details(plugin) }); err != nil {
			return err
		}
	}
	if shown == 0 {
		return fmt.Errorf("%s has no version %s; patchbay plugins list %s has all", r.name, r.version, r.name)
	}
	return nil
}

func (o *operator) watch(ctx context.Context, r request) error {
	stream, err := r.client.Watch(ctx, &adminv1.WatchRequest{Name: r.name})
	if err != nil {
		return err
	}
	for {
		event, err := stream.Recv()
		if errors.Is(err, io.EOF) || ctx.Err() != nil {
			return nil //nolint:nilerr // the gateway or the operator has ended it
		}
		if err != nil {
			return err
		}
		if err := o.print(r.out, event, func(p *table) { p.event(event) }); err != nil {
			return err
		}
	}
}

func (o *operator) reload(ctx context.Context, r request) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	resp, err := r.client.ReloadPlugins(ctx, &adminv1.ReloadPluginsRequest{Name: r.name, Version: r.version})
	if err != nil {
		return err
	}
	if err := o.print(r.out, resp, func(p *table) { p.plugins(resp.GetPlugins(), resp.GetProblems()) }); err != nil {
		return err
	}
	for _, p := range resp.GetPlugins() {
		if p.GetProblem() != nil && (r.version == "" || r.version == p.GetVersion() || r.version == p.GetDeclared().GetVersion()) {
			return fmt.Errorf("%s does not run as declared", p.GetFile())
		}
	}
	if n := len(resp.GetProblems()); n > 0 {
		return fmt.Errorf("manifests that are not followed: %d", n)
	}
	return nil
}

func (o *operator) drain(ctx context.Context, r request) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	resp, err := r.client.DrainPlugin(ctx, &adminv1.DrainPluginRequest{Name: r.name, Version: r.version})
	if err != nil {
		return err
	}
	return o.print(r.out, resp, func(p *table) {
		p.line("%s is out of service; to take it back: patchbay plugins reload %s", resp.GetPlugin().GetFile(), r.argument())
	})
}

func (o *operator) pin(ctx context.Context, r request, none bool) error {
	if none == (r.version != "") {
		return errors.New("give either NAME@VERSION, or NAME and --none")
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	resp, err := r.client.PinPlugin(ctx, &adminv1.PinPluginRequest{Name: r.name, Version: r.version})
	if err != nil {
		return err
	}
	return o.print(r.out, resp, func(p *table) {
		if resp.GetServingVersion() == "" {
			p.line("no version of %s serves", r.name)
			return
		}
		p.line("%s@%s serves the calls that pin no version", r.name, resp.GetServingVersion())
	})
}

func (o *operator) rollback(ctx context.Context, r request) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	resp, err := r.client.RollbackPlugin(ctx, &adminv1.RollbackPluginRequest{Name: r.name})
	if err != nil {
		return err
	}
	return o.print(r.out, resp, func(p *table) {
		undo := "patchbay plugins reload " + r.name
		if resp.GetPinned() {
			undo = "patchbay plugins pin " + r.name + " --none"
		}
		p.line("%s@%s serves; to go forward again: %s", r.name, resp.GetPlugin().GetVersion(), undo)
	})
}

func (o *operator) logs(ctx context.Context, r request, tail uint32, follow bool) error {
	stream, err := r.client.ReadLogs(ctx, &adminv1.ReadLogsRequest{Name: r.name, Version: r.version, Tail: tail, Follow: follow})
	if err != nil {
		return err
	}
	for {
		line, err := stream.Recv()
		if errors.Is(err, io.EOF) || ctx.Err() != nil {
			return nil //nolint:nilerr // the gateway or the operator has ended it
		}
		if err != nil {
			return err
		}
		if err := o.print(r.out, line.GetLine(), func(p *table) { p.log(line.GetLine()) }); err != nil {
			return err
		}
	}
}
