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
		if r.URL.RequestURI() != "/api/v2/client-grants?audience=https%3A%2F%2Fa+b" {
			t.Errorf("asked for %s", r.URL)
		}
		_, _ = io.WriteString(w, `[{"id":"cgr_1","scope":["read:x"]}]`)
	})
	got := sdktest.Call(t, plugin(), auth0, "auth0_list_client_grants", `{"audience":"https://a b"}`)
	if string(got.JSON) != `[{"id":"cgr_1","scope":["read:x"]}]` {
		t.Errorf("got %s, %v", got.JSON, got.Failure)
	}
}
