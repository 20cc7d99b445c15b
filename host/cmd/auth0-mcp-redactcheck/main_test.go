package main

import (
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	var out strings.Builder
	if err := run(&out, "testdata"); err == nil {
		t.Fatal("nothing was found")
	}
	for _, want := range []string{
		"hidden in 3 documents:",
		"  GET /api/v2/clients/{id} answer /client_secret (1 times)\n",
		"  GET /api/v2/clients/{id} answer /addons/azure_sb/sasKey (1 times)\n",
		"  POST /api/v2/invented body /password (1 times)\n",
		"passes: GET /api/v2/clients/{id} answer /client_metadata/innocent: \"Zk3QmN8vR2xT7yB4cW9d\"\n",
		"passes: POST /api/v2/invented body /login: \"" + placeholder,
		"known.txt: nothing is customScripts/*\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("not printed: %s", want)
		}
	}
	if n := strings.Count(out.String(), "passes: "); n != 2 { // known.txt explains the message
		t.Error(out.String())
	}
	if err := run(&out, t.TempDir()); err == nil {
		t.Error("no recordings, and all is well")
	}
}
