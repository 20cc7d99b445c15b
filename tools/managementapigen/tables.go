package main

import (
	"embed"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

//go:embed tables
var tableFiles embed.FS

// tables is what is maintained by hand, each described at the head of its file.
type tables struct {
	operations   []operationRow
	types        map[string]*managementapi.Schema // by name
	rests        map[string]*managementapi.Schema // by name: only rest and bounds
	members      []memberRow
	parts        map[string][]partRow // by operation
	secrets      []markRow
	destinations []markRow
	nouns        map[string]noun       // by segments
	summaries    map[string]summaryRow // by operation
}

type operationRow struct {
	method, path  string
	scopes        []string
	lifecycle     managementapi.Lifecycle
	destroy, adds bool
	optional      bool
	once, merge   []string
	// A schema, or "-" for none, or "" for what go-auth0 has.
	body, answer, query string
}

type memberRow struct {
	definition, member string
	required           bool
	schema             *managementapi.Schema // nil: there is no such member
}

// partRow is a schema of an operation: its "body", its "answer", a parameter of its path
// ("{id}") or of its query.
type partRow struct {
	part     string
	required bool
	schema   *managementapi.Schema
}

// markRow marks the members that a pattern matches, or exempts them.
type markRow struct {
	exempt     bool
	definition string // a pattern of path.Match
	member     string // a pattern of path.Match, "..." for the values of all other members
	reason     string
	where      string
}

// lines yields the lines of a table that say something, with their number.
func lines(name string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		data, err := tableFiles.ReadFile("tables/" + name)
		if err != nil {
			panic(err) // it is embedded
		}
		number := 0
		for line := range strings.Lines(string(data)) {
			number++
			line = strings.TrimSpace(line)
			if line == "" || line[0] == '#' {
				continue
			}
			if !yield(number, line) {
				return
			}
		}
	}
}

func readTables() (*tables, error) {
	t := &tables{
		types: map[string]*managementapi.Schema{}, rests: map[string]*managementapi.Schema{}, parts: map[string][]partRow{},
	}
	var errs []error
	for number, line := range lines("operations.txt") {
		row, err := parseOperation(line)
		if err != nil {
			errs = append(errs, fmt.Errorf("operations.txt:%d: %w", number, err))
		}
		t.operations = append(t.operations, row)
	}
	for _, name := range []string{"limits.txt", "types.txt"} { // the later decides
		for number, line := range lines(name) {
			if err := t.addType(line); err != nil {
				errs = append(errs, fmt.Errorf("%s:%d: %w", name, number, err))
			}
		}
	}
	for name, rows := range map[string]*[]markRow{"secrets.txt": &t.secrets, "destinations.txt": &t.destinations} {
		for number, line := range lines(name) {
			row, err := parseMark(line)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s:%d: %w", name, number, err))
			}
			row.where = fmt.Sprintf("%s:%d", name, number)
			*rows = append(*rows, row)
		}
	}
	var err error
	t.nouns, err = readNouns()
	errs = append(errs, err)
	t.summaries, err = readSummaries()
	return t, errors.Join(append(errs, err)...)
}

func parseOperation(line string) (row operationRow, err error) {
	fields := strings.Fields(line)
	if len(fields) < 4 {
		return row, errors.New("want method, path, scopes, lifecycle")
	}
	row.method, row.path = fields[0], fields[1]
	if fields[2] != "-" {
		row.scopes = strings.Split(fields[2], ",")
	}
	if fields[3] != "-" {
		row.lifecycle = managementapi.Lifecycle(fields[3])
	}
	schema := &row.body
	for _, field := range fields[4:] {
		key, value, hasValue := strings.Cut(field, "=")
		switch {
		case field == "destroy":
			row.destroy = true
		case field == "adds":
			row.adds = true
		case field == "optional":
			row.optional = true
		case hasValue && key == "once":
			row.once = strings.Split(value, ",")
		case hasValue && key == "merge":
			row.merge = strings.Split(value, ",")
		case hasValue && key == "body":
			schema = &row.body
			*schema = value
		case hasValue && key == "answer":
			schema = &row.answer
			*schema = value
		case hasValue && key == "query":
			schema = &row.query
			*schema = value
		case *schema != "": // a schema goes on behind a space
			*schema += " " + field
		default:
			return row, fmt.Errorf("unknown word %q", field)
		}
	}
	return row, nil
}

func (t *tables) addType(line string) error {
	left, right, ok := strings.Cut(line, ": ")
	if !ok {
		return errors.New(`want "name: schema"`)
	}
	if fields := strings.Fields(left); len(fields) == 3 {
		return t.addPart(fields[0]+" "+fields[1], fields[2], right)
	}
	name, member, isMember := strings.Cut(left, ".")
	if right == "-" && isMember {
		t.members = append(t.members, memberRow{definition: name, member: member})
		return nil
	}
	schema, err := managementapi.ParseSchema(right)
	if err != nil {
		return err
	}
	if isMember {
		plain := strings.TrimSuffix(member, "?")
		for one := range strings.SplitSeq(name, ",") {
			t.members = append(t.members, memberRow{one, plain, plain == member, schema})
		}
		return nil
	}
	into := t.types
	if plain := strings.TrimSuffix(name, "{}"); plain != name {
		name, into = plain, t.rests
	}
	if into[name] != nil {
		return fmt.Errorf("%s is there twice", name)
	}
	into[name] = schema
	return nil
}

func (t *tables) addPart(operation, part, notation string) error {
	schema, err := managementapi.ParseSchema(notation)
	plain := strings.TrimSuffix(part, "?")
	t.parts[operation] = append(t.parts[operation], partRow{plain, plain == part, schema})
	return err
}

func parseMark(line string) (row markRow, err error) {
	pattern, reason, _ := strings.Cut(line, " ")
	if pattern == "-" {
		row.exempt = true
		pattern, reason, _ = strings.Cut(reason, " ")
	}
	definition, member, ok := strings.Cut(pattern, ".")
	if row.reason = strings.TrimSpace(reason); !ok || row.reason == "" {
		return row, errors.New("want type.member and a reason")
	}
	row.definition, row.member = definition, member
	return row, nil
}
