package main

import (
	"io"
	"net/http"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

func TestManifest(t *testing.T) { sdktest.Manifest(t, plugin()) }

func TestList(t *testing.T) {
	auth0 := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if q := r.URL.Query(); q.Get("client_id") != "a b" || q.Get("per_page") != "100" {
			t.Errorf("asked for %s", r.URL)
		}
		_, _ = io.WriteString(w, `[{"id":"cgr_1","scope":["read:x"]}]`)
	})
	got := sdktest.Call(t, plugin(), auth0, "auth0_list_client_grants", `{"client_id":"a b"}`)
	if string(got.JSON) != `[{"id":"cgr_1","scope":["read:x"]}]` {
		t.Errorf("got %s, %v", got.JSON, got.Failure)
	}
}
