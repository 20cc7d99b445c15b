package main

import (
	"io"
	"net/http"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

// manifest.json is what the plugin declares. Write it anew with: go test -update
func TestManifest(t *testing.T) { sdktest.Manifest(t, plugin()) }

// auth0 is a tenant that takes one request and gives one answer.
func auth0(t *testing.T, request, body string, status int, answer string) http.Handler {
	t.Helper()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, err := io.ReadAll(r.Body)
		if err != nil || r.Method+" "+r.URL.RequestURI() != request || string(sent) != body {
			t.Errorf("sent %s %s with %s, %v; want %s with %s", r.Method, r.URL.RequestURI(), sent, err, request, body)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	})
}

func TestList(t *testing.T) {
	tenant := auth0(t, "GET /api/v2/client-grants?client_id=a+b&include_totals=true&page=1&per_page=50", "",
		http.StatusOK, `{"total":51,"client_grants":[{"id":"cgr_1"}]}`)
	got := sdktest.Call(t, plugin(), tenant, "auth0_list_client_grants", `{"client_id":"a b","page":1}`)
	want := `{"client_grants":[{"id":"cgr_1"}],"count":1,"total":51,` +
		`"pagination":{"page":1,"per_page":50,"total_pages":2,"has_next":false}}`
	if string(got.JSON) != want {
		t.Errorf("got %s, %v; want %s", got.JSON, got.Failure, want)
	}
}

func TestUpdate(t *testing.T) {
	tenant := auth0(t, "PATCH /api/v2/client-grants/a%2Fb", `{"scope":["read:orders"]}`,
		http.StatusOK, `{"id":"a/b","scope":["read:orders"]}`)
	got := sdktest.Call(t, plugin(), tenant, "auth0_update_client_grant", `{"id":"a/b","scope":["read:orders"]}`)
	if want := `{"id":"a/b","scope":["read:orders"]}`; string(got.JSON) != want {
		t.Errorf("got %s, %v; want %s", got.JSON, got.Failure, want)
	}
}

func TestUpdateOfNone(t *testing.T) {
	tenant := auth0(t, "PATCH /api/v2/client-grants/none", `{"scope":[]}`, http.StatusNotFound,
		`{"statusCode":404,"message":"The client grant does not exist"}`)
	got := sdktest.Call(t, plugin(), tenant, "auth0_update_client_grant", `{"id":"none","scope":[]}`)
	if got.Failure.GetHttpStatus() != http.StatusNotFound {
		t.Errorf("got %s, %v; want Auth0's error", got.JSON, got.Failure)
	}
}
