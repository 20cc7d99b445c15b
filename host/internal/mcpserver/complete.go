package mcpserver

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/stdio"
)

const (
	// maxCompletions is MCP's bound on the values of an answer.
	maxCompletions = 100
	// candidatesTTL is how long ids are completed from one list: clients ask with every key that is pressed.
	candidatesTTL = 30 * time.Second
)

// candidate is an object whose id completes an argument.
type candidate struct{ id, name string }

// candidates are the objects of each kind, as they were listed last.
type candidates struct {
	mu     sync.Mutex
	listed map[string]candidateList
}

type candidateList struct {
	objects []candidate
	more    bool
	expires time.Time
}

func (c *candidates) get(kind string, now time.Time) (candidateList, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	list, ok := c.listed[kind]
	return list, ok && now.Before(list.expires)
}

func (c *candidates) put(kind string, list candidateList) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listed == nil {
		c.listed = map[string]candidateList{}
	}
	c.listed[kind] = list
}

// completes reports whether anything is completed.
func completes(selection *catalog.Selection) bool {
	return len(offeredKinds(selection))+len(offeredPrompts(selection)) > 0
}

// complete answers completion/complete: with ids of objects whose id begins with the value or whose name contains it,
// and with the values that an argument of a prompt is given as a rule.
func (s *Server) complete(ctx context.Context, r stdio.Request, p params) []byte {
	ref, argument := stringsOf(p.members["ref"]), stringsOf(p.members["argument"])
	selection := s.selection.Load()
	value, values, more := argument["value"], []string{}, false
	switch ref["type"] {
	case "ref/resource":
		at := slices.IndexFunc(offeredKinds(selection), func(k resourceKind) bool { return k.template() == ref["uri"] })
		if at < 0 {
			return refusal(r, mcp.INVALID_PARAMS, fmt.Sprintf("there is no resource template %q", clip(ref["uri"])), nil)
		}
		if argument["name"] == idVariable {
			values, more = s.completeID(ctx, p, offeredKinds(selection)[at].name, value)
		}
	case "ref/prompt":
		prompt, ok := findPrompt(selection, ref["name"])
		if !ok {
			return refusal(r, mcp.INVALID_PARAMS, unknownPrompt(ref["name"]), nil)
		}
		for _, a := range prompt.arguments {
			switch {
			case a.name != argument["name"]:
			case a.kind != "":
				values, more = s.completeID(ctx, p, a.kind, value)
			default:
				values = slices.DeleteFunc(slices.Clone(a.values), func(v string) bool { return !strings.HasPrefix(v, value) })
			}
		}
	default:
		return refusal(r, mcp.INVALID_PARAMS, "the ref of completion/complete must have the type ref/resource or "+
			"ref/prompt", nil)
	}
	if len(values) > maxCompletions {
		values, more = values[:maxCompletions], true
	}
	return s.reply(r, p, map[string]any{"completion": map[string]any{"values": values, "hasMore": more}}, uncached)
}

// completeID lists the first page of a kind, by its tool. What cannot be listed completes nothing.
func (s *Server) completeID(ctx context.Context, p params, name, value string) (ids []string, more bool) {
	ids = []string{}
	at := slices.IndexFunc(resourceKinds(), func(k resourceKind) bool { return k.name == name })
	kind := resourceKinds()[at]
	if kind.list == "" || !offersReading(s.selection.Load(), kind.list) {
		return ids, false
	}
	list, ok := s.candidates.get(name, time.Now())
	if !ok {
		result := s.callReading(ctx, p, kind.list, map[string]any{"per_page": maxCompletions})
		if result.IsError {
			return ids, false
		}
		list = readCandidates(kind, []byte(result.Texts[0]))
		list.expires = time.Now().Add(candidatesTTL)
		s.candidates.put(name, list)
	}
	lower := strings.ToLower(value)
	for _, one := range list.objects {
		if strings.HasPrefix(one.id, value) || strings.Contains(strings.ToLower(one.name), lower) {
			ids = append(ids, one.id)
		}
	}
	return ids, list.more
}

// readCandidates reads the answer of a tool that lists. Items without an id are left out.
func readCandidates(kind resourceKind, answer []byte) (list candidateList) {
	var members map[string]json.RawMessage
	var items []map[string]json.RawMessage
	if json.Unmarshal(answer, &members) != nil || json.Unmarshal(members[kind.name], &items) != nil {
		return list
	}
	var pagination struct {
		HasNext bool `json:"has_next"`
	}
	_ = json.Unmarshal(members["pagination"], &pagination) // without it the list is whole
	list.more = pagination.HasNext
	for _, item := range items {
		var one candidate
		if json.Unmarshal(item[kind.id], &one.id) == nil && one.id != "" {
			_ = json.Unmarshal(item["name"], &one.name) // without a name it is found by its id
			list.objects = append(list.objects, one)
		}
	}
	return list
}
