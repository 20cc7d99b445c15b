package goauth0

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// A client and its types in the form that Fern writes.
const source = `package client

func (r *RawClient) Update(
	ctx context.Context,
	id string,
	kind *management.KindEnum,
	request *management.UpdateRequest,
	opts ...option.RequestOption,
) (*core.Response[*management.Answer], error) {
	baseURL := internal.ResolveBaseURL(options.BaseURL)
	endpointURL := internal.EncodeURL(
		baseURL+"/things/%v/%v",
		id,
		fmt.Sprintf("%v", kind),
	)
	raw, err := r.caller.Call(ctx, &internal.CallParams{
		URL: endpointURL, Method: http.MethodPatch, Request: request, Response: &response,
	})
	return nil, err
}

func (c *Client) List(
	ctx context.Context,
	request *management.ListParameters,
) (*core.Page[*int, *management.Answer, *management.ListAnswer], error) {
	endpointURL := baseURL + "/things"
	return &internal.CallParams{URL: nextURL, Method: http.MethodGet}
}

func (c *Client) helper() string { return "no request" }
`

const types = `package management

type UpdateRequest struct {
	Name string    ` + "`json:\"name\" url:\"-\"`" + `
	At   *time.Time ` + "`json:\"at,omitempty\" url:\"-\"`" + `
	More map[string]any ` + "`json:\"more,omitempty\"`" + `
	Kinds []*KindEnum ` + "`json:\"kinds,omitempty\"`" + `
	explicitFields *big.Int ` + "`json:\"-\" url:\"-\"`" + `
}

type Answer struct {
	ID string ` + "`json:\"id\"`" + `
	ExtraProperties map[string]interface{} ` + "`json:\"-\"`" + `
}

type ListAnswer struct {
	Answer *Answer
	String string
	typ string
}

type ListParameters struct {
	PerPage *int ` + "`json:\"-\" url:\"per_page,omitempty\"`" + `
	Kind KindEnum ` + "`json:\"-\" url:\"kind\"`" + `
}

type KindEnum string

const (
	KindA KindEnum = "a"
	KindB KindEnum = "b"
	KindNull KindEnum = ""
)
`

func read(t *testing.T) *Source {
	t.Helper()
	dir := t.TempDir()
	s := newSource()
	for name, text := range map[string]string{"raw_client.go": source, "types.go": types} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.file(path); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestOperations(t *testing.T) {
	s := read(t)
	if len(s.Operations) != 2 {
		t.Fatalf("%+v", s.Operations)
	}
	update, list := s.Operations[0], s.Operations[1]
	if update.Method != http.MethodPatch || update.Path != "/things/%v/%v" || !update.Body ||
		len(update.Parameters) != 2 ||
		update.Parameters[0].Name != "id" || update.Parameters[1].Name != "kind" {
		t.Errorf("%+v", update)
	}
	if list.Method != http.MethodGet || list.Path != "/things" || list.Body || len(list.Parameters) != 0 {
		t.Errorf("%+v", list)
	}
	for _, test := range []struct {
		operation     Operation
		want, request string
	}{{update, "Answer", "UpdateRequest"}, {list, "ListAnswer", "ListParameters"}} {
		answer, err := s.Schema(test.operation.Answer)
		if err != nil || answer.String() != test.want {
			t.Errorf("%s: %v %v", test.want, answer, err)
		}
		if request, err := s.Schema(test.operation.Request); err != nil || request.String() != test.request {
			t.Errorf("%s: %v %v", test.want, request, err)
		}
	}
	query, err := s.Query(list.Request)
	if err != nil || len(query) != 2 || query[0].Name != "per_page" || query[0].Required || !query[1].Required {
		t.Errorf("%+v %v", query, err)
	}
}

func TestDefinitions(t *testing.T) {
	s := read(t)
	for name, want := range map[string]string{
		"UpdateRequest": `{name:string at?:string(format=date-time) more?:{...} kinds?:[KindEnum]}`,
		"Answer":        `{id:string ...}`,
		"ListAnswer":    `Answer|string`,
		"KindEnum":      `"a"|"b"|null`,
	} {
		if got, err := s.Definition(name); err != nil || got.String() != want {
			t.Errorf("%s: %v %v, want %s", name, got, err, want)
		}
	}
	if _, err := s.Definition("Nothing"); err == nil {
		t.Error("there is a type Nothing")
	}
}
