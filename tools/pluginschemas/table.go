package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// tool is a tool as a table describes it. A table has sections:
//
//	[auth0_create_thing auth0_update_thing]
//
// names the tools that the lines below it are for; a tool may be in several sections. Lines apply in their order.
// A # begins a comment line. The lines:
//
//	body METHOD PATH        the arguments are the members of this operation's body
//	stored METHOD PATH      what this operation answers beyond them is read-only, at every depth: it is accepted, so
//	                        that a stored object can be given back, and dropped before anything else sees it
//	own NAME[?]: SCHEMA     an argument of the tool's own; own ones stand first
//	set PATH[?]: SCHEMA     a member takes this instead; with "?" it is optional. A new name adds a member
//	omit PATH …             a member is not taken
//	drop PATH …             a member is read-only, as under stored
//	open PATH …             an object takes members of any name. An object with named members is closed
//	                        otherwise, even if the Management API ignores what it does not know
//	text PATH: TEXT         a description
//	fold PATH: TEXT         tools/list shows the member as a value of its type with this description and no more
//	more NAME …             tools/list leaves these arguments to one argument, "more", that holds any of them
//
// SCHEMA is in the notation of [managementapi.ParseSchema]. PATH is names joined by dots; [] are the items of an
// array, {} the unnamed members of an object, * any one member. It goes into every alternative of a union. Where
// several paths can stand, {a,b} is either name. TEXT is in our own words.
type tool struct {
	name  string
	lines []*line
}

type line struct {
	number   int
	verb     string
	path     string // of a member; of body and stored "METHOD PATH"
	optional bool
	schema   *managementapi.Schema
	text     string
	used     bool
}

func (l *line) fault(format string, args ...any) error {
	return fmt.Errorf("%d: %s %s: %s", l.number, l.verb, l.path, fmt.Sprintf(format, args...))
}

func parseTable(text string) ([]*tool, error) {
	var tools, section []*tool
	var errs []error
	number := 0
	for row := range strings.Lines(text) {
		number++
		row = strings.TrimSpace(row)
		switch {
		case row == "" || row[0] == '#':
		case row[0] == '[':
			section = nil
			for _, name := range strings.Fields(strings.Trim(row, "[]")) {
				at := slices.IndexFunc(tools, func(t *tool) bool { return t.name == name })
				if at < 0 {
					tools = append(tools, &tool{name: name})
					at = len(tools) - 1
				}
				section = append(section, tools[at])
			}
		default:
			for _, one := range separate(row) {
				l, err := parseLine(one)
				if err == nil && section == nil {
					err = errors.New("no [tool] above")
				}
				if err != nil {
					errs = append(errs, fmt.Errorf("%d: %w", number, err))
					continue
				}
				l.number = number
				for _, t := range section {
					t.lines = append(t.lines, l)
				}
			}
		}
	}
	return tools, errors.Join(errs...)
}

// separate makes a line for each path of one that has several.
func separate(row string) (rows []string) {
	words := strings.Fields(row)
	switch words[0] {
	case "omit", "drop", "open", "more":
		for _, path := range words[1:] {
			before, list, several := strings.Cut(path, "{")
			list, after, _ := strings.Cut(list, "}")
			if !several || list == "" {
				rows = append(rows, words[0]+" "+path)
				continue
			}
			for one := range strings.SplitSeq(list, ",") {
				rows = append(rows, words[0]+" "+before+one+after)
			}
		}
		return rows
	}
	return []string{row}
}

func parseLine(row string) (l *line, err error) {
	verb, rest, _ := strings.Cut(row, " ")
	l = &line{verb: verb, path: strings.TrimSpace(rest)}
	switch verb {
	case "body", "stored", "omit", "drop", "open", "more":
		return l, nil
	case "own", "set":
		path, schema, ok := strings.Cut(rest, ": ")
		if !ok {
			return nil, errors.New(`want "path: schema"`)
		}
		l.path = strings.TrimSuffix(path, "?")
		l.optional = l.path != path
		l.schema, err = managementapi.ParseSchema(schema)
		return l, err
	case "text", "fold":
		path, text, ok := strings.Cut(rest, ": ")
		if !ok {
			return nil, errors.New(`want "path: text"`)
		}
		l.path, l.text = path, strings.TrimSpace(text)
		return l, nil
	}
	return nil, fmt.Errorf("unknown word %q", verb)
}

// unused reports the lines that did nothing in any of their tools.
func unused(tools []*tool) (errs []error) {
	reported := map[*line]bool{}
	for _, t := range tools {
		for _, l := range t.lines {
			if !l.used && !reported[l] {
				reported[l] = true
				errs = append(errs, l.fault("matches nothing"))
			}
		}
	}
	return errs
}
