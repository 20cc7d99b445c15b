package main

import (
	"fmt"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// node is a schema with every reference written out, so that a line of a table changes one place alone.
type node struct {
	managementapi.Schema        // its own members below count, not those of the schema
	name                 string // of the definition that it was
	anyOf                []*node
	items                *node
	members              []*member
	rest                 *node

	text     string
	fold     any // true or "more", as the host knows it; nil: not folded
	readOnly bool
	open     bool
}

type member struct {
	name     string
	required bool
	schema   *node
}

// maxDepth is far above any body's. A definition that refers to itself is deeper.
const maxDepth = 40

func expand(s *managementapi.Schema, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("%s refers to itself: set it to something finite", s)
	}
	n := &node{}
	if s.Kind == managementapi.KindRef {
		n.name = s.Ref
		s = s.Resolve()
	}
	n.Schema = *s
	var err error
	into := func(s *managementapi.Schema) *node {
		if s == nil || err != nil {
			return nil
		}
		var one *node
		one, err = expand(s, depth+1)
		return one
	}
	for _, one := range s.AnyOf {
		n.anyOf = append(n.anyOf, into(one))
	}
	n.items, n.rest = into(s.Items), into(s.Rest)
	for _, m := range s.Members {
		n.members = append(n.members, &member{m.Name, m.Required, into(m.Schema)})
	}
	if err != nil {
		return nil, err
	}
	n.flatten()
	return n, nil
}

// flatten makes a union of unions one union.
func (n *node) flatten() {
	var flat []*node
	for _, one := range n.anyOf {
		n.Nullable = n.Nullable || one.Nullable
		one.Nullable = false
		if one.Kind == managementapi.KindUnion {
			flat = append(flat, one.anyOf...)
		} else {
			flat = append(flat, one)
		}
	}
	n.anyOf = flat
}

func (n *node) member(name string) *member {
	at := slices.IndexFunc(n.members, func(m *member) bool { return m.name == name })
	if at < 0 {
		return nil
	}
	return n.members[at]
}

func (n *node) without(name string) {
	n.members = slices.DeleteFunc(n.members, func(m *member) bool { return m.name == name })
}

// alternatives are the node itself, or of a union what it may be.
func (n *node) alternatives() []*node {
	if n.Kind == managementapi.KindUnion {
		return n.anyOf
	}
	return []*node{n}
}

// addStored adds what an answer has beyond a body, as read-only members.
func (n *node) addStored(answer *managementapi.Schema, depth int) {
	answer = answer.Resolve()
	if n.Kind != answer.Kind || depth > maxDepth {
		return
	}
	switch n.Kind {
	case managementapi.KindArray:
		if n.items != nil && answer.Items != nil {
			n.items.addStored(answer.Items, depth+1)
		}
	case managementapi.KindObject:
		if len(n.members) == 0 {
			return // whatever stands in it is data
		}
		for _, m := range answer.Members {
			if known := n.member(m.Name); known != nil {
				known.schema.addStored(m.Schema, depth+1)
			} else {
				n.members = append(n.members, &member{name: m.Name, schema: &node{readOnly: true}})
			}
		}
	}
}

// isOpen reports whether a value can hold anything, which the text at its place says what it is for.
func (n *node) isOpen() bool {
	return n.Kind == managementapi.KindAny ||
		n.Kind == managementapi.KindArray && n.items == nil ||
		n.Kind == managementapi.KindObject && n.rest != nil && n.rest.Kind == managementapi.KindAny
}
