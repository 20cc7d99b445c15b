package clients

import (
	"math"
	"reflect"
	"slices"
)

// document is a parsed config file. Its methods do not change it: they say which
// bytes to change.
type document interface {
	// tree is the whole document, decoded. An empty document is an empty map.
	tree() map[string]any
	// check returns an error if what leads to the entry called name, or the entry
	// itself, is given twice or is not an object.
	check(name string) error
	// set makes the entry called name hold fields, and keeps what else it holds.
	set(name string, fields []field) ([]edit, error)
	// remove removes the entry called name.
	remove(name string) ([]edit, error)
	// private are the spans of values and comments that are not ours to show. The
	// arguments of the entry called name are among them unless showArgs is true.
	private(name string, showArgs bool) []span
}

// parse reads a document, without byte order mark.
func parse(c Client, body []byte) (document, error) {
	if c.syntax == tomlSyntax {
		return parseTOML(body, c.key)
	}
	return parseJSON(body, c.key)
}

// servers returns the object at key, nil if there is none.
func servers(tree map[string]any, key string) map[string]any {
	m, _ := tree[key].(map[string]any)
	return m
}

// apply does to a decoded tree what set did to the bytes, or remove if fields is nil.
func apply(tree map[string]any, key, name string, fields []field) {
	list := servers(tree, key)
	if fields == nil {
		delete(list, name)
		return
	}
	if list == nil {
		list = map[string]any{}
		tree[key] = list
	}
	entry, _ := list[name].(map[string]any)
	if entry == nil {
		entry = map[string]any{}
		list[name] = entry
	}
	for _, f := range fields {
		f.put(entry)
	}
}

// dropEmpty takes a list of servers that is empty for none: when the last entry is
// gone from a TOML file, nothing in it may say any more that there was a list.
func dropEmpty(tree map[string]any, key string) {
	if list, ok := tree[key].(map[string]any); ok && len(list) == 0 {
		delete(tree, key)
	}
}

// equal compares decoded documents. Unlike reflect.DeepEqual it takes two
// numbers that are no number, which TOML can write, for equal.
func equal(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for key, value := range a {
			if other, ok := b[key]; !ok || !equal(value, other) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	case float64:
		b, ok := b.(float64)
		return ok && (a == b || math.IsNaN(a) && math.IsNaN(b))
	}
	return reflect.DeepEqual(a, b)
}
