package sdktest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

type noInput struct{}

// get is a tool's function that fetches one path.
func get(path string) func(context.Context, *sdk.Call, noInput) (json.RawMessage, error) {
	return func(ctx context.Context, c *sdk.Call, _ noInput) (json.RawMessage, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+c.Domain()+path, nil)
		if err != nil {
			return nil, err
		}
		r.Header.Set("Authorization", "Bearer forged")
		resp, err := c.HTTPClient().Do(r)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		if resp.StatusCode >= 400 {
			return nil, errors.New(resp.Status)
		}
		return io.ReadAll(resp.Body)
	}
}

func plugin(tools ...sdk.Tool) sdk.Plugin {
	return sdk.Plugin{Name: "roles", Version: "0.1.0", Tools: tools}
}

func TestCall(t *testing.T) {
	var seen *http.Request
	auth0 := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r
		if strings.HasSuffix(r.URL.Path, "/missing") {
			http.Error(w, `{"statusCode":404,"message":"no such role"}`, http.StatusNotFound)
			return
		}
		_, _ = io.WriteString(w, `{"n":9007199254740993,"unknown":null,"list":[],"q":"a<b&c"}`)
	})
	p := plugin(
		sdk.NewTool("auth0_list_roles", sdk.Read, "List.", get("/api/v2/roles"), sdk.Paths("GET /api/v2/roles")),
		sdk.NewTool("auth0_get_role", sdk.Read, "Get.", get("/api/v2/roles/missing")),
		sdk.NewTool("auth0_fail_role", sdk.Read, "Fail.", func(context.Context, *sdk.Call, noInput) (any, error) {
			return nil, sdk.Ambiguous("two roles are called %q", "admin")
		}),
	)
	t.Run("answer arrives unchanged, without the plugin's Authorization", func(t *testing.T) {
		r := sdktest.Call(t, p, auth0, "auth0_list_roles", `{}`)
		if want := `{"n":9007199254740993,"unknown":null,"list":[],"q":"a<b&c"}`; string(r.JSON) != want {
			t.Errorf("got %s, want %s (failure: %v)", r.JSON, want, r.Failure)
		}
		if seen.Header.Get("Authorization") != "" {
			t.Error("the tenant saw the plugin's Authorization")
		}
	})
	t.Run("API error", func(t *testing.T) {
		f := sdktest.Call(t, p, auth0, "auth0_get_role", `{}`).Failure
		if f.GetCode() != pluginv1.Failure_CODE_API || f.GetHttpStatus() != 404 {
			t.Errorf("failure = %v", f)
		}
	})
	t.Run("typed failure", func(t *testing.T) {
		f := sdktest.Call(t, p, auth0, "auth0_fail_role", `{}`).Failure
		if f.GetCode() != pluginv1.Failure_CODE_AMBIGUOUS || f.GetMessage() != `two roles are called "admin"` {
			t.Errorf("failure = %v", f)
		}
	})
}

// A client that a tool keeps for later must be dead once the call returned.
func TestRequestAfterTheCallIsNotSent(t *testing.T) {
	var kept *http.Client
	reached := 0
	auth0 := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ })
	p := plugin(sdk.NewTool("auth0_keep_client", sdk.Read, "Keep.",
		func(_ context.Context, c *sdk.Call, _ noInput) (string, error) {
			kept = c.HTTPClient()
			return "kept", nil
		}))
	sdktest.Call(t, p, auth0, "auth0_keep_client", `{}`)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+sdktest.Domain+"/api/v2/roles", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := kept.Do(r)
	if err == nil {
		resp.Body.Close()
		t.Fatal("the request was sent")
	}
	if !strings.Contains(err.Error(), "call ended") || reached != 0 {
		t.Errorf("error %v, %d requests reached the tenant", err, reached)
	}
}

func TestAnotherHostIsNotReached(t *testing.T) {
	p := plugin(sdk.NewTool("auth0_stray", sdk.Read, "Stray.",
		func(ctx context.Context, c *sdk.Call, _ noInput) (string, error) {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://elsewhere.example/api/v2/roles", nil)
			if err != nil {
				return "", err
			}
			resp, err := c.HTTPClient().Do(r)
			if err == nil {
				resp.Body.Close()
			}
			return "sent", err
		}))
	f := sdktest.Call(t, p, http.NotFoundHandler(), "auth0_stray", `{}`).Failure
	if f.GetCode() != pluginv1.Failure_CODE_REFUSED {
		t.Errorf("failure = %v", f)
	}
}
