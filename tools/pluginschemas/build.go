package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// schema is the tool's input schema.
func (t *tool) schema() (*object, error) {
	root := &node{Schema: managementapi.Schema{Kind: managementapi.KindObject}}
	own := 0
	for _, l := range t.lines {
		var err error
		switch l.verb {
		case "own":
			l.used = true
			var schema *node
			if schema, err = expand(l.schema, 0); err == nil {
				root.without(l.path) // a member of the body of this name goes into the tool's own
				root.members = append(root.members[:own:own], append([]*member{{l.path, !l.optional, schema}},
					root.members[own:]...)...)
				own++
			}
		case "body":
			l.used = true
			err = root.addBody(l)
		case "stored":
			l.used = true
			err = root.addAnswer(l)
		default:
			err = root.edit(l)
		}
		if err != nil {
			return nil, l.fault("%v", err)
		}
	}
	if err := root.check(""); err != nil {
		return nil, fmt.Errorf(" %s: %w", t.name, err)
	}
	return render(root), nil
}

func operation(l *line) (*managementapi.Operation, error) {
	o, ok := managementapi.ByName(l.path)
	if !ok {
		return nil, fmt.Errorf("there is no such operation")
	}
	return o, nil
}

func (n *node) addBody(l *line) error {
	o, err := operation(l)
	if err != nil {
		return err
	}
	if o.Body == nil || o.Body.Resolve().Kind != managementapi.KindObject {
		return fmt.Errorf("its body is no object")
	}
	body, err := expand(o.Body, 0)
	if err != nil {
		return err
	}
	for _, m := range body.members {
		if n.member(m.name) == nil {
			n.members = append(n.members, m)
		}
	}
	return nil
}

func (n *node) addAnswer(l *line) error {
	o, err := operation(l)
	if err != nil {
		return err
	}
	if o.Answer == nil {
		return fmt.Errorf("it has no answer")
	}
	n.addStored(o.Answer, 0)
	return nil
}

// edit applies a line to what its path leads to.
func (n *node) edit(l *line) error {
	parentPath, last := splitPath(l.path)
	for _, parent := range n.find(parentPath) {
		for _, one := range parent.alternatives() {
			if err := one.apply(l, last); err != nil {
				return err
			}
		}
	}
	return nil
}

// apply applies a line to one step below n.
func (n *node) apply(l *line, step string) error {
	switch l.verb {
	case "omit":
		before := len(n.members)
		n.without(step)
		l.used = l.used || len(n.members) < before
		return nil
	case "set", "drop":
		if n.Kind != managementapi.KindObject || step == "{}" {
			break
		}
		schema := &node{readOnly: true}
		if l.verb == "set" {
			var err error
			if schema, err = expand(l.schema, 0); err != nil {
				return err
			}
		}
		l.used = true
		required := l.verb == "set" && !l.optional
		if known := n.member(step); known != nil {
			known.schema, known.required = schema, required
		} else {
			n.members = append(n.members, &member{step, required, schema})
		}
		return nil
	}
	for _, target := range n.step(step) {
		l.used = true
		switch l.verb {
		case "set":
			schema, err := expand(l.schema, 0)
			if err != nil {
				return err
			}
			*target = *schema
		case "open":
			for _, one := range target.alternatives() {
				one.open = true
			}
		case "text":
			target.text = l.text
		case "fold":
			target.text, target.fold = l.text, true
		case "more":
			target.fold = "more"
		}
	}
	return nil
}

// splitPath splits off the last step.
func splitPath(path string) (parents []string, last string) {
	steps := strings.Split(strings.NewReplacer("[]", ".[]", "{}", ".{}").Replace(path), ".")
	return steps[:len(steps)-1], steps[len(steps)-1]
}

// find returns the nodes that a path leads to.
func (n *node) find(path []string) []*node {
	found := []*node{n}
	for _, step := range path {
		if step == "" {
			continue // "x[]" has none before its first step
		}
		var next []*node
		for _, at := range found {
			for _, one := range at.alternatives() {
				next = append(next, one.step(step)...)
			}
		}
		found = next
	}
	return found
}

func (n *node) step(step string) (found []*node) {
	switch {
	case step == "[]" && n.items != nil:
		return []*node{n.items}
	case step == "{}" && n.rest != nil:
		return []*node{n.rest}
	}
	for _, m := range n.members {
		if step == "*" || m.name == step {
			found = append(found, m.schema)
		}
	}
	return found
}

// check closes what is to be closed, and finds what a reader of the schema could not understand.
func (n *node) check(at string) error {
	if n.readOnly {
		return nil
	}
	if n.Kind == managementapi.KindObject && len(n.members) > 0 && n.isOpen() && !n.open {
		n.rest = nil
	}
	var errs []error
	if n.isOpen() && n.text == "" {
		errs = append(errs, fmt.Errorf("%s takes anything: it needs a text that says what it is for", at))
	}
	if n.Pattern != "" {
		if _, err := regexp.Compile(n.Pattern); err != nil {
			n.Pattern = "" // a lookahead, which Go does not have: Auth0 checks it
		}
	}
	for _, m := range n.members {
		errs = append(errs, m.schema.check(strings.TrimPrefix(at+"."+m.name, ".")))
	}
	for _, one := range n.anyOf {
		errs = append(errs, one.check(at))
	}
	// Items and members of any kind are described by what they are in.
	if n.items != nil && n.items.Kind != managementapi.KindAny {
		errs = append(errs, n.items.check(at+"[]"))
	}
	if n.rest != nil && n.rest.Kind != managementapi.KindAny {
		errs = append(errs, n.rest.check(at+"{}"))
	}
	return errors.Join(errs...)
}
