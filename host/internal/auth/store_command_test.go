package auth

import (
	"io"
	"strings"
	"testing"
	"time"
)

func TestParseCommandOutput(t *testing.T) {
	end := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	got, err := parseCommandOutput("dev",
		[]byte(`{"domain":"https://DEV.eu.auth0.com/","access_token":"CANARY","expires_at":"2030-01-02T03:04:05Z",`+
			`"version":1}`+"\n"))
	want := Session{Profile: "dev", Domain: "dev.eu.auth0.com", Method: Given, AccessToken: "CANARY", ExpiresAt: end}
	if err != nil || got != want {
		t.Errorf("got %v, %v", got, err)
	}
	for name, tt := range map[string]struct{ in, want string }{
		"nothing":        {" \n", "printed nothing"},
		"the bare token": {"CANARY", "did not print one JSON object"},
		"two objects":    {`{"access_token":"CANARY"}{"CANARY":1}`, "nothing else"},
		"a list":         {`["CANARY"]`, "did not print one JSON object"},
		"null":           {"null", "domain"},
		"no token":       {`{"domain":"dev.eu.auth0.com"}`, "token"},
		"no domain":      {`{"access_token":"CANARY"}`, "domain"},
		"mixed up":       {`{"domain":"CANARY.CANARY_","access_token":"dev.eu.auth0.com"}`, "the domain is not"},
		"a number":       {`{"domain":"dev.eu.auth0.com","access_token":12345}`, "access_token is not a text"},
		"a token in two": {`{"domain":"dev.eu.auth0.com","access_token":"CANARY\nX: 1"}`,
			"the token for dev.eu.auth0.com"},
		"seconds": {`{"domain":"dev.eu.auth0.com","access_token":"CANARY","expires_at":1800000000}`,
			"expires_at is not a text"},
		"something for a time": {`{"domain":"dev.eu.auth0.com","access_token":"x","expires_at":"CANARY"}`,
			"expires_at is not a time"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseCommandOutput("dev", []byte(tt.in))
			wantText(t, err, tt.want)
			wantNoCanary(t, err)
		})
	}
}

func TestCommandStoreNeedsAProgram(t *testing.T) {
	for _, argv := range [][]string{nil, {""}} {
		_, err := OpenStore(StoreCommand, StoreOptions{Command: argv})
		wantText(t, err, "config.toml")
	}
}

// A program that never stops writing must not fill the memory.
func TestCommandOutputIsBounded(t *testing.T) {
	out := &commandOutput{limit: 10}
	n, err := io.Copy(out, strings.NewReader(strings.Repeat("x", 100_000)))
	if err != nil || n != 100_000 || out.kept.Len() != 10 {
		t.Errorf("kept %d of %d bytes, %v", out.kept.Len(), n, err)
	}
}

func FuzzCommandOutput(f *testing.F) {
	f.Add([]byte(`{"domain":"dev.eu.auth0.com","access_token":"x","expires_at":"2030-01-02T03:04:05Z"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parseCommandOutput("dev", data)
		if err != nil {
			return
		}
		if s.Profile != "dev" || s.Domain == "" || !headerSafe(s.AccessToken) {
			t.Errorf("accepted: %#v", s)
		}
	})
}
