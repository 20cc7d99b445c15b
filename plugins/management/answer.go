package management

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// present is an answer that is no page of a list, as the caller sees it. An object stays as it is.
func present(answer []byte, status int, fields []string) (any, error) {
	if len(answer) == 0 {
		return sdk.Object{}.With("status", status)
	}
	if items, err := sdk.ParseObjects(answer); err == nil {
		return list{Items: pick(items, fields), Note: missing(items, fields)}.object(nil)
	}
	object, err := sdk.ParseObject(answer)
	if err != nil {
		if json.Valid(answer) {
			return sdk.Object{}.With("answer", json.RawMessage(answer))
		}
		return sdk.Object{}.With("answer", string(answer))
	}
	shown := pick([]sdk.Object{object}, fields)[0]
	if note := missing([]sdk.Object{object}, fields); note != "" {
		return shown.With("note", note)
	}
	return shown, nil
}

func pick(items []sdk.Object, fields []string) []sdk.Object {
	if len(fields) == 0 {
		return items
	}
	shown := make([]sdk.Object, len(items))
	for i, item := range items {
		shown[i] = item.Pick(fields...)
	}
	return shown
}

// missing says which of the fields no item has.
func missing(items []sdk.Object, fields []string) string {
	var absent []string
	for _, field := range fields {
		if !slices.ContainsFunc(items, func(item sdk.Object) bool { _, ok := item.Get(field); return ok }) {
			absent = append(absent, field)
		}
	}
	if len(absent) == 0 || len(items) == 0 {
		return ""
	}
	return "no member of the answer is called " + strings.Join(absent, ", ")
}

// list is a page of a list, or all of it.
type list struct {
	Items []sdk.Object
	Total *int
	Next  string
	Note  string
}

// object is the one form of all lists. others are members of the answer that are not about paging.
func (l list) object(others sdk.Object) (sdk.Object, error) {
	if l.Items == nil {
		l.Items = []sdk.Object{}
	}
	o, err := sdk.Object{}.With("items", l.Items)
	if err != nil {
		return nil, err
	}
	add := func(name string, value any) {
		if err == nil {
			o, err = o.With(name, value)
		}
	}
	add("count", len(l.Items))
	if l.Total != nil {
		add("total", *l.Total)
	}
	if l.Next != "" {
		add("next_cursor", l.Next)
	}
	for _, m := range others {
		if _, taken := o.Get(m.Name); !taken {
			add(m.Name, m.Value)
		}
	}
	if l.Note != "" {
		add("note", l.Note)
	}
	return o, err
}
