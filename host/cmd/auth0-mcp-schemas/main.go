// Command auth0-mcp-schemas checks the input schemas of plugins' tools with requests that Auth0 was sent.
//
//	auth0-mcp-schemas -recordings DIR MANIFEST...
//
// DIR has *.jsonl: a request a line, with method, path, body, status and response. Each body that was answered with
// 2xx must fit the tool for its operation. Each object that was answered must fit the tool that updates it: what was
// read can be written back.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

func main() {
	recordings := flag.String("recordings", "", "folder of recorded requests")
	flag.Parse()
	if *recordings == "" || flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(os.Stdout, *recordings, flag.Args()); err != nil { //nolint:forbidigo // a program for a terminal
		fmt.Fprintln(os.Stderr, "auth0-mcp-schemas:", err)
		os.Exit(1)
	}
}

// row says which tool sends the body of an operation, and which argument holds the parameter of its path.
type row struct{ tool, id string }

// written are the operations whose bodies are checked.
func written() map[string]row {
	return map[string]row{
		"POST /api/v2/clients":                                {"auth0_create_application", ""},
		"PATCH /api/v2/clients/{id}":                          {"auth0_update_application", "client_id"},
		"POST /api/v2/resource-servers":                       {"auth0_create_resource_server", ""},
		"PATCH /api/v2/resource-servers/{id}":                 {"auth0_update_resource_server", "id"},
		"POST /api/v2/actions/actions":                        {"auth0_create_action", ""},
		"PATCH /api/v2/actions/actions/{id}":                  {"auth0_update_action", "id"},
		"PATCH /api/v2/actions/triggers/{triggerId}/bindings": {"auth0_update_trigger_bindings", "trigger_id"},
		"POST /api/v2/forms":                                  {"auth0_create_form", ""},
		"PATCH /api/v2/forms/{id}":                            {"auth0_update_form", "id"},
	}
}

// writtenBack are the operations whose answers are given back to the tool of another.
func writtenBack() map[string]string {
	return map[string]string{
		"GET /api/v2/clients/{id}":          "PATCH /api/v2/clients/{id}",
		"GET /api/v2/resource-servers/{id}": "PATCH /api/v2/resource-servers/{id}",
		"GET /api/v2/actions/actions/{id}":  "PATCH /api/v2/actions/actions/{id}",
		"GET /api/v2/forms/{id}":            "PATCH /api/v2/forms/{id}",
		"POST /api/v2/clients":              "PATCH /api/v2/clients/{id}",
		"POST /api/v2/resource-servers":     "PATCH /api/v2/resource-servers/{id}",
		"POST /api/v2/actions/actions":      "PATCH /api/v2/actions/actions/{id}",
		"POST /api/v2/forms":                "PATCH /api/v2/forms/{id}",
	}
}

type recording struct {
	Method, Path   string
	Body, Response json.RawMessage
	Status         int
}

func run(out io.Writer, dir string, manifests []string) error {
	tools, err := readTools(manifests)
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		return err
	}
	c := checker{tools: tools, counts: map[string]int{}, problems: map[string]int{}}
	for _, file := range files {
		if err := c.file(file); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	for _, what := range slices.Sorted(maps.Keys(c.counts)) {
		fmt.Fprintf(out, "%5d %s\n", c.counts[what], what)
	}
	for _, problem := range slices.Sorted(maps.Keys(c.problems)) {
		fmt.Fprintf(out, "%s (%d times)\n", problem, c.problems[problem])
	}
	if len(c.problems) > 0 {
		return fmt.Errorf("%d kinds of arguments are refused that Auth0 takes", len(c.problems))
	}
	if len(c.counts) == 0 {
		return errors.New("nothing was checked")
	}
	return nil
}

func readTools(manifests []string) (map[string]*catalog.Tool, error) {
	tools := map[string]*catalog.Tool{}
	for _, path := range manifests {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		m, err := pluginv1.ParseManifest(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if err := catalog.ValidateManifest(m); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for _, t := range catalog.ToolsOf(m) {
			tools[t.Name] = t
		}
	}
	return tools, nil
}

type checker struct {
	tools    map[string]*catalog.Tool
	counts   map[string]int
	problems map[string]int
}

func (c *checker) file(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 64<<20)
	for scanner.Scan() {
		var r recording
		if err := json.Unmarshal(scanner.Bytes(), &r); err != nil {
			return err
		}
		if r.Status < 200 || r.Status > 299 {
			continue
		}
		plain, _, _ := strings.Cut(r.Path, "?")
		o, _, ok := managementapi.Lookup(r.Method, plain)
		if !ok {
			continue
		}
		if row, ok := written()[o.Name()]; ok {
			c.check(o.Name(), row, r.Body)
		}
		if update, ok := writtenBack()[o.Name()]; ok {
			c.check(o.Name()+" written back", written()[update], r.Response)
		}
	}
	return scanner.Err()
}

func (c *checker) check(what string, r row, body json.RawMessage) {
	tool := c.tools[r.tool]
	if tool == nil {
		c.problems[what+": there is no tool "+r.tool]++
		return
	}
	// What was taken out of a recording is a secret as any other.
	body = []byte(strings.ReplaceAll(string(body), "[REDACTED]", "a-secret-that-was-here"))
	var arguments map[string]json.RawMessage
	if json.Unmarshal(body, &arguments) != nil {
		return
	}
	if r.id != "" {
		arguments[r.id] = json.RawMessage(`"an-id"`)
	}
	raw, err := json.Marshal(arguments)
	if err != nil {
		c.problems[what+": "+err.Error()]++
		return
	}
	c.counts[what]++
	_, err = tool.CheckArguments(raw)
	var refused *catalog.ArgumentError
	if !errors.As(err, &refused) {
		if err != nil {
			c.problems[what+": "+err.Error()]++
		}
		return
	}
	for _, p := range refused.Problems {
		c.problems[what+": "+p.Text]++
	}
}
