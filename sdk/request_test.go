package sdk_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

type idInput struct {
	ID string `json:"id"`
}

func tool(fn func(context.Context, *sdk.Call, idInput) (any, error), opts ...sdk.Option) sdk.Plugin {
	return sdk.Plugin{Name: "users", Version: "0.1.0", Tools: []sdk.Tool{sdk.NewTool("auth0_use_users", sdk.Write,
		"Use.", fn, opts...)}}
}

func arguments(t *testing.T, id string) string {
	t.Helper()
	raw, err := json.Marshal(idInput{id})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// An id arrives as it is, in its own segment, by each way to send a request.
func TestIdsArrive(t *testing.T) {
	p := tool(func(ctx context.Context, c *sdk.Call, in idInput) (any, error) {
		var seen [3]string
		if err := c.Get(ctx, &seen[0], "users", in.ID, "roles"); err != nil {
			return nil, err
		}
		if err := c.Send(ctx, http.MethodPost, &seen[1], nil, "users", in.ID, "roles"); err != nil {
			return nil, err
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet,
			"https://"+c.Domain()+c.Path("users", in.ID, "roles"), nil)
		if err != nil {
			return nil, err
		}
		response, err := c.HTTPClient().Do(request)
		if err != nil {
			return nil, err
		}
		defer response.Body.Close()
		err = json.NewDecoder(response.Body).Decode(&seen[2])
		return seen, err
	}, sdk.Paths("GET /api/v2/users/{id}/roles", "POST /api/v2/users/{id}/roles"))
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v2/users/{id}/roles", func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(r.PathValue("id"))
	})
	for _, id := range []string{"auth0|abc", "a_b#EXT#@c.onmicrosoft.com", "https://api/", "a%2Fb", "100%", "a b",
		"a?b=c", "a;b", "é", `a\b`, "x/roles"} {
		r := sdktest.Call(t, p, mux, "auth0_use_users", arguments(t, id))
		var seen [3]string
		if err := json.Unmarshal(r.JSON, &seen); err != nil || seen != [3]string{id, id, id} {
			t.Errorf("%q arrived as %q (%v)", id, seen, r.Failure)
		}
	}
	for _, id := range []string{"", "..", "../clients", `..\x`, "%2e%2e", "a\nb"} {
		r := sdktest.Call(t, p, mux, "auth0_use_users", arguments(t, id))
		if r.Failure.GetCode() != pluginv1.Failure_CODE_INVALID_ARGUMENT {
			t.Errorf("%q: %s, %v", id, r.JSON, r.Failure)
		}
	}
}

// What is sent and what is answered stays as it is, as far as its type can hold it.
func TestGetAndSend(t *testing.T) {
	const answer = `{"n":9007199254740993,"unknown":null,"q":"a<b&c"}`
	var got struct{ method, query, contentType, body string }
	auth0 := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got.method, got.query, got.contentType, got.body = r.Method, r.URL.RawQuery, r.Header.Get("Content-Type"),
			string(body)
		if r.Method != http.MethodPatch {
			_, _ = io.WriteString(w, answer)
		}
	})
	type typed struct {
		N int64  `json:"n"`
		Q string `json:"q"`
	}
	want := typed{9007199254740993, "a<b&c"}
	p := tool(func(ctx context.Context, c *sdk.Call, _ idInput) (any, error) {
		var raw json.RawMessage
		var object sdk.Object
		var value typed
		for _, out := range []any{&raw, &object, &value, nil} {
			if err := c.WithQuery(url.Values{"q": {"a b&c"}}).Get(ctx, out, "users"); err != nil {
				return nil, err
			}
			if got.method != "GET" || got.query != "q=a+b%26c" || got.contentType != "" || got.body != "" {
				t.Errorf("sent %+v", got)
			}
		}
		encoded, err := object.MarshalJSON()
		if string(raw) != answer || string(encoded) != answer || err != nil || value != want {
			t.Errorf("read %s, %s, %+v", raw, encoded, value)
		}
		for _, body := range []any{json.RawMessage(`{"b": 1,"a":"<"}`), object, want} {
			if err := c.Send(ctx, http.MethodPatch, &value, body, "users"); err != nil {
				return nil, err
			}
			sent := map[bool]string{true: `{"b": 1,"a":"<"}`, false: answer}[got.body[2] == 'b']
			if _, isTyped := body.(typed); isTyped {
				sent = `{"n":9007199254740993,"q":"a<b&c"}`
			}
			if got.method != "PATCH" || got.contentType != "application/json" || got.body != sent || value != want {
				t.Errorf("sent %+v, %+v", got, value)
			}
		}
		return nil, c.Send(ctx, http.MethodPost, nil, make(chan int), "users")
	})
	f := sdktest.Call(t, p, auth0, "auth0_use_users", `{"id":""}`).Failure
	if f.GetCode() != pluginv1.Failure_CODE_INTERNAL || got.method != "PATCH" {
		t.Errorf("a body that is no JSON: %v, %+v", f, got)
	}
}

func TestAPIError(t *testing.T) {
	for name, tt := range map[string]struct {
		status        int
		body          string
		code, message string
	}{
		"Auth0's": {http.StatusNotFound,
			`{"statusCode":404,"error":"Not Found","message":"The user does not exist.","errorCode":"inexistent_user"}`,
			"inexistent_user", "The user does not exist."},
		"a page":   {http.StatusBadGateway, `<html>`, "", ""},
		"no words": {http.StatusConflict, ``, "", ""},
	} {
		var seen *sdk.APIError
		p := tool(func(ctx context.Context, c *sdk.Call, in idInput) (any, error) {
			var out json.RawMessage
			err := c.Get(ctx, &out, "users", in.ID)
			if !errors.As(err, &seen) || out != nil {
				t.Errorf("%s: %v, %s", name, err, out)
			}
			return nil, err
		})
		r := sdktest.Call(t, p, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(tt.status)
			_, _ = io.WriteString(w, tt.body)
		}), "auth0_use_users", `{"id":"a b"}`)
		if want := (sdk.APIError{Method: "GET", Path: "/api/v2/users/a%20b", StatusCode: tt.status, ErrorCode: tt.code,
			Message: tt.message}); seen == nil || *seen != want {
			t.Errorf("%s: %+v", name, seen)
		}
		if r.Failure.GetCode() != pluginv1.Failure_CODE_API || int(r.Failure.GetHttpStatus()) != tt.status {
			t.Errorf("%s: %v", name, r.Failure)
		}
	}
	p := tool(func(ctx context.Context, c *sdk.Call, _ idInput) (any, error) {
		var out json.RawMessage
		return nil, c.Get(ctx, &out, "users")
	})
	r := sdktest.Call(t, p, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<html>")
	}), "auth0_use_users", `{"id":""}`)
	if r.Failure.GetCode() != pluginv1.Failure_CODE_INTERNAL {
		t.Errorf("an answer that is no JSON: %v", r.Failure)
	}
}

func TestWriteFile(t *testing.T) {
	file := sdk.File{Root: "project", Path: "src/auth.ts", Content: []byte("x"), Private: true}
	p := tool(func(ctx context.Context, c *sdk.Call, _ idInput) (any, error) {
		first, err := c.WriteFile(ctx, file)
		if err != nil || first.Path != "project:src/auth.ts" || first.Replaced {
			t.Errorf("first: %+v, %v", first, err)
		}
		return c.WriteFile(ctx, file)
	}, sdk.Files("project"))
	r := sdktest.Call(t, p, http.NotFoundHandler(), "auth0_use_users", `{"id":""}`)
	if string(r.JSON) != `{"Path":"project:src/auth.ts","Replaced":true,"Variables":null}` || len(r.Files) != 2 ||
		string(r.Files[1].Content) != "x" || !r.Files[1].Private {
		t.Errorf("%s, %+v, %v", r.JSON, r.Files, r.Failure)
	}
}

func TestReadersDeclareNoFiles(t *testing.T) {
	p := sdk.Plugin{Name: "users", Version: "0.1.0", Tools: []sdk.Tool{
		sdk.NewTool("auth0_x", sdk.Read, "X.", func(context.Context, *sdk.Call, idInput) (any, error) { return nil, nil },
			sdk.Files("project"))}}
	if _, err := p.Manifest(); err == nil {
		t.Error("accepted")
	}
}
