package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
)

// readers and writers are the tools that are compared over time: what every resource has.
const (
	readers = "auth0_list_applications,auth0_get_application,auth0_list_resource_servers,auth0_get_resource_server," +
		"auth0_list_actions,auth0_get_action,auth0_list_logs,auth0_get_log,auth0_list_forms,auth0_get_form"
	writers = "auth0_create_application,auth0_update_application,auth0_create_resource_server," +
		"auth0_update_resource_server,auth0_create_action,auth0_update_action,auth0_deploy_action,auth0_create_form," +
		"auth0_update_form,auth0_publish_form"
)

// listing is what every session pays for: the bytes of tools/list. What it may take is in host/listing_test.go.
func (b *bench) listing(ctx context.Context) error {
	sizes := make([]float64, len(b.servers))
	for i := range b.servers {
		n, _, err := listed(ctx, &b.servers[i])
		if err != nil {
			return err
		}
		sizes[i] = float64(n)
	}
	b.table.add("bytes of tools/list", "%.0f", "", sizes)
	type form struct {
		name  string
		flags []string
	}
	forms := []form{
		{"the tools of every resource", []string{"--tools", readers + "," + writers}},
		{"those of them that read", []string{"--tools", readers}},
		{"--read-only", []string{"--read-only"}},
	}
	for _, preset := range catalog.Presets() {
		forms = append(forms, form{"--preset " + preset.Name, []string{"--preset", preset.Name}})
	}
	for _, form := range forms {
		n, tools, err := listed(ctx, &b.servers[0], form.flags...)
		if err != nil {
			return err
		}
		b.table.note("ours, bytes of tools/list with %s: %d, %d tools", form.name, n, tools)
	}
	return nil
}

func listed(ctx context.Context, s *server, flags ...string) (size, tools int, err error) {
	err = s.with(ctx, func(run *session) error {
		if err := run.initialize(); err != nil {
			return err
		}
		line, _, err := run.request("tools/list", `{}`)
		if err != nil {
			return err
		}
		var answer struct{ Result json.RawMessage } // without the envelope of the reply
		var list struct{ Tools []json.RawMessage }
		if err := errors.Join(json.Unmarshal(line, &answer), json.Unmarshal(answer.Result, &list)); err != nil {
			return run.failed(err)
		}
		size, tools = len(answer.Result), len(list.Tools)
		return nil
	}, flags...)
	return size, tools, err
}
