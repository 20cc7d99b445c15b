package managementapi

import (
	"net/url"
	"slices"
	"strings"
)

// table holds the operations by name, and as a tree of their paths' segments.
type table struct {
	entries []*entry
	byName  map[string]*entry
	roots   map[string]*node // by method
}

// node is a place in the tree. A literal segment is preferred to a parameter.
type node struct {
	literal   map[string]*node
	parameter *node
	end       *entry
}

func newTable(text string) *table {
	t := &table{byName: map[string]*entry{}, roots: map[string]*node{}}
	for line := range strings.Lines(text) {
		e := newEntry(strings.TrimSuffix(line, "\n"))
		t.entries = append(t.entries, e)
		t.byName[e.name] = e
		method, _, _ := strings.Cut(e.name, " ")
		at := t.roots[method]
		if at == nil {
			at = &node{}
			t.roots[method] = at
		}
		for _, segment := range e.segments {
			at = at.child(segment)
		}
		at.end = e
	}
	return t
}

func (n *node) child(segment string) *node {
	if isParameter(segment) {
		if n.parameter == nil {
			n.parameter = &node{}
		}
		return n.parameter
	}
	if n.literal == nil {
		n.literal = map[string]*node{}
	}
	if n.literal[segment] == nil {
		n.literal[segment] = &node{}
	}
	return n.literal[segment]
}

// isDead says whether a segment is in no operation's path, whatever its parameters are.
func isDead(segment string) bool { return segment == "" || segment == "." || segment == ".." }

func isParameter(segment string) bool { return strings.HasPrefix(segment, "{") }

// find returns the operation of these segments, and appends the values of its parameters.
func (n *node) find(segments, values []string) (*entry, []string) {
	if len(segments) == 0 {
		return n.end, values
	}
	if next := n.literal[segments[0]]; next != nil {
		if e, values := next.find(segments[1:], values); e != nil {
			return e, values
		}
	}
	if n.parameter != nil && segments[0] != "" {
		return n.parameter.find(segments[1:], append(slices.Clip(values), segments[0]))
	}
	return nil, nil
}

// Lookup returns the operation that a request calls, and the values of the path's
// parameters, decoded. The path is escaped, as it is sent: an id that contains "/" has it
// as %2F. A literal segment is preferred to a parameter: /api/v2/clients/search is not the client
// "search". A path that cannot be decoded, ends in "/", or has a segment that is empty, "." or
// ".." is no operation's.
func Lookup(method, escapedPath string) (o *Operation, parameters map[string]string, ok bool) {
	segments := strings.Split(escapedPath, "/")
	if segments[0] != "" {
		return nil, nil, false
	}
	for i, segment := range segments {
		decoded, err := url.PathUnescape(segment)
		if err != nil {
			return nil, nil, false
		}
		segments[i] = decoded
	}
	return LookupSegments(method, segments[1:])
}

// LookupSegments is [Lookup] for a path that is split and decoded already:
// ["api", "v2", "users", "auth0|5f7c8ec7c33c6c004bbafe82"].
func LookupSegments(method string, segments []string) (o *Operation, parameters map[string]string, ok bool) {
	e, parameters, ok := operations().lookup(method, segments)
	if !ok {
		return nil, nil, false
	}
	return e.get(), parameters, true
}

func (t *table) lookup(method string, segments []string) (*entry, map[string]string, bool) {
	root := t.roots[method]
	if root == nil || slices.ContainsFunc(segments, isDead) {
		return nil, nil, false
	}
	e, values := root.find(segments, nil)
	if e == nil {
		return nil, nil, false
	}
	parameters := make(map[string]string, len(values))
	for _, segment := range e.segments {
		if isParameter(segment) {
			parameters[strings.Trim(segment, "{}")] = values[0]
			values = values[1:]
		}
	}
	return e, parameters, true
}

// escapeSegment escapes a segment of a path as it is sent: everything but unreserved
// characters (RFC 3986, 2.3).
func escapeSegment(segment string) string {
	const hex = "0123456789ABCDEF"
	var out strings.Builder
	for i := range len(segment) {
		switch b := segment[i]; {
		case b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || strings.IndexByte("-._~", b) >= 0:
			out.WriteByte(b)
		default:
			out.WriteByte('%')
			out.WriteByte(hex[b>>4])
			out.WriteByte(hex[b&15])
		}
	}
	return out.String()
}
