package actions

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
)

type listBindingsInput struct {
	TriggerID string `json:"trigger_id,omitempty" jsonschema:"Such as post-login; default: all."`
}

func listBindings(ctx context.Context, c *sdk.Call, in listBindingsInput) (any, error) {
	api, err := auth0v1.New(ctx, c)
	if err != nil {
		return nil, err
	}
	if in.TriggerID != "" {
		return listOne(ctx, api, in.TriggerID)
	}
	return listAll(ctx, c, api)
}

func listOne(ctx context.Context, api *auth0v1.API, trigger string) (any, error) {
	read, err := readBindings(ctx, api, trigger)
	if err != nil {
		return nil, orUnknown(ctx, api, trigger, err)
	}
	rows, err := shown(read.list)
	if err != nil {
		return nil, err
	}
	page := pageOf(rows)
	switch {
	case !read.complete:
		page.Note = tooMany(trigger)
	case len(rows) == 0:
		// An empty list must not read as "runs nothing" where Actions are bound otherwise.
		triggers, err := readTriggers(ctx, api)
		if err != nil {
			return nil, err
		}
		if byEntity(triggers, trigger) {
			page.Note = boundElsewhere(trigger)
		}
	}
	return page, nil
}

// listAll reads the bindings of every trigger that has any.
func listAll(ctx context.Context, c *sdk.Call, api *auth0v1.API) (any, error) {
	triggers, err := readTriggers(ctx, api)
	if err != nil {
		return nil, err
	}
	var ids, empty, elsewhere, notes []string
	for _, t := range triggers {
		switch {
		case slices.Contains(ids, t.ID), slices.Contains(elsewhere, t.ID):
		case t.Policy == boundByEntity:
			elsewhere = append(elsewhere, t.ID)
		default:
			ids = append(ids, t.ID)
		}
	}
	var rows []sdk.Object
	for i, id := range ids {
		c.Progress(float64(i), float64(len(ids)), "reading the bindings of "+id)
		read, err := readBindings(ctx, api, id)
		if err != nil {
			return nil, err
		}
		of, err := shown(read.list)
		if err != nil {
			return nil, err
		}
		rows = append(rows, of...)
		if !read.complete {
			notes = append(notes, tooMany(id))
		} else if len(of) == 0 {
			empty = append(empty, id)
		}
	}
	if len(empty) > 0 {
		notes = append(notes, "nothing is bound to "+strings.Join(empty, ", "))
	}
	if len(elsewhere) > 0 {
		notes = append(notes, boundElsewhere(elsewhere...))
	}
	page := pageOf(rows)
	page.Note = strings.Join(notes, "; ")
	return page, nil
}

// pageOf is a list that has one page.
func pageOf(rows []sdk.Object) sdk.Page {
	return sdk.Page{Name: "bindings", Items: rows, Size: max(bindingsMax, len(rows)), Total: len(rows)}
}

func tooMany(trigger string) string {
	return fmt.Sprintf("%s has more bindings than the first %d", trigger, bindingsMax)
}

func boundElsewhere(triggers ...string) string {
	return "Actions of " + strings.Join(triggers, ", ") +
		" are chosen where they are used (such as by an event stream), not by bindings"
}

func byEntity(triggers []knownTrigger, id string) bool {
	return slices.ContainsFunc(triggers, func(t knownTrigger) bool { return t.ID == id && t.Policy == boundByEntity })
}

// orUnknown is err, or a failure that names the triggers if there is none of that id.
func orUnknown(ctx context.Context, api *auth0v1.API, id string, err error) error {
	if refused(err) || notFound(err) {
		if unknown := unknownTrigger(ctx, api, trigger{ID: id}); unknown != nil {
			return unknown
		}
	}
	return err
}
