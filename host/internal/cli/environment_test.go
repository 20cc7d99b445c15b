package cli

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every variable of ours is read by account.Variable, for which a blank one is none: clients
// hand on settings that their user left empty. doctor reads an environment that it was given.
func TestBlankVariablesAreNone(t *testing.T) {
	direct := regexp.MustCompile(`(?:Getenv|LookupEnv|getenv)\((?:"AUTH0_[A-Z_]*"|name|variable)\)`)
	allowed := map[string]string{
		"account/account.go":    "Variable itself",
		"console/screen.go":     "variables of the terminal and the locale",
		"atomicfile/folders.go": "the folders of the user, which are not ours",
		"doctor/bundle.go":      "masks the domain, and trims what it compares",
		"doctor/doctor.go":      "trims it", "doctor/network.go": "trims it", "doctor/local.go": "trims it",
		"clients/client.go": "variables of the clients", "clients/list.go": "what a client hands on",
	}
	files := 0
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files++
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, line := range strings.Split(string(source), "\n") {
			name, _ := filepath.Rel("..", path)
			if direct.MatchString(line) && allowed[filepath.ToSlash(name)] == "" {
				t.Errorf("%s: use account.Variable: %s", path, strings.TrimSpace(line))
			}
		}
		return nil
	})
	if err != nil || files < 100 {
		t.Fatalf("%d files, %v: this proves nothing", files, err)
	}
}

func TestNotBlank(t *testing.T) {
	for _, tt := range []struct{ in, want []string }{
		{nil, nil}, {[]string{""}, nil}, {[]string{" ", ""}, nil}, {[]string{"", "a", " "}, []string{"a"}},
	} {
		if got := notBlank(tt.in); !slices.Equal(got, tt.want) || (got == nil) != (tt.want == nil) {
			t.Errorf("%q: %q, want %q", tt.in, got, tt.want)
		}
	}
}
