package envfile

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "app", ".env")
	pairs := []Pair{{"KEY", "value"}}
	w, err := Write(dir, "app/.env", pairs, true)
	if _, missing := os.Stat(path); err != nil || !w.Made || !errors.Is(missing, os.ErrNotExist) {
		t.Errorf("a dry run: %+v, %v, %v", w, err, missing)
	}
	put(t, path, "A=1\n")
	if w, err = Write(dir, "app/.env", pairs, false); err != nil || w.Made || w.Same {
		t.Errorf("%+v, %v", w, err)
	}
	text, _ := os.ReadFile(path)
	info, err := os.Stat(path)
	if err != nil || string(text) != "A=1\nKEY=value\n" || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%q, %v, %v", text, info, err)
	}
	if w, err = Write(dir, "app/.env", pairs, false); err != nil || runtime.GOOS != "windows" && !w.Same {
		t.Errorf("again: %+v, %v", w, err)
	}
}

// No path leads out of the folder, and nothing but a regular file is replaced.
func TestWriteRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		path string
		lay  func(dir string) error
	}{
		"above":             {"../.env", nil},
		"above, inside":     {"a/../../.env", nil},
		"absolute":          {"/etc/env", nil},
		"a backslash":       {`a\..\..\.env`, nil},
		"nothing":           {"", nil},
		"a NUL":             {".env\x00", nil},
		"a device":          {"nul", nil},
		"a stream":          {".env:x", nil},
		"a folder":          {"a", func(dir string) error { return os.Mkdir(filepath.Join(dir, "a"), 0o700) }},
		"a link":            {".env", func(dir string) error { return os.Symlink("/etc/hostname", filepath.Join(dir, ".env")) }},
		"a link inside":     {".env", func(dir string) error { return os.Symlink("other", filepath.Join(dir, ".env")) }},
		"a linked folder":   {"a/.env", func(dir string) error { return os.Symlink("..", filepath.Join(dir, "a")) }},
		"below a file":      {"a/.env", func(dir string) error { return os.WriteFile(filepath.Join(dir, "a"), nil, 0o600) }},
		"what is no text":   {".env", func(dir string) error { return os.WriteFile(filepath.Join(dir, ".env"), []byte{0}, 0o600) }},
		"an open quotation": {".env", func(dir string) error { return os.WriteFile(filepath.Join(dir, ".env"), []byte(`A="`), 0o600) }},
		"more than a MiB": {".env", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, ".env"), make([]byte, MaxBytes+1), 0o600)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "root")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if tt.lay != nil {
				if err := tt.lay(dir); err != nil {
					t.Skip(err) // no links here
				}
			}
			if w, err := Write(dir, tt.path, []Pair{{"KEY", "canary4711"}}, false); err == nil ||
				strings.Contains(err.Error(), "canary4711") {
				t.Errorf("%+v, %v", w, err)
			}
			err := filepath.WalkDir(filepath.Dir(dir), func(path string, d os.DirEntry, err error) error {
				if text, _ := os.ReadFile(path); err == nil && d.Type().IsRegular() && strings.Contains(string(text), "canary4711") {
					t.Errorf("written to %s", path)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	if _, err := Write(filepath.Join(t.TempDir(), "gone"), ".env", nil, false); err == nil {
		t.Error("a folder that does not exist")
	}
}

// In a work tree of git, a file that would be committed is not written.
func TestIgnored(t *testing.T) {
	tests := map[string]struct {
		files   map[string]string
		path    string
		ignored bool
	}{
		"no work tree":           {nil, ".env", true},
		"nothing ignored":        {map[string]string{".git/HEAD": ""}, ".env", false},
		"by name":                {map[string]string{".git/HEAD": "", ".gitignore": "node_modules\n.env\n"}, "a/.env", true},
		"by a pattern":           {map[string]string{".git/HEAD": "", ".gitignore": ".env*\r\n"}, ".env.local", true},
		"anchored":               {map[string]string{".git/HEAD": "", ".gitignore": "/.env\n"}, "a/.env", false},
		"anchored, at its place": {map[string]string{".git/HEAD": "", ".gitignore": "/a/.env\n"}, "a/.env", true},
		"a folder":               {map[string]string{".git/HEAD": "", ".gitignore": "a/\n"}, "a/b/.env", true},
		"a folder by its name":   {map[string]string{".git/HEAD": "", ".gitignore": ".env/\n"}, ".env", false},
		"stars":                  {map[string]string{".git/HEAD": "", ".gitignore": "a/**/.env\n"}, "a/b/c/.env", true},
		"all below":              {map[string]string{".git/HEAD": "", ".gitignore": "a/**\n"}, "a/b/.env", true},
		"a class":                {map[string]string{".git/HEAD": "", ".gitignore": ".[a-e]nv\n"}, ".env", true},
		"included again":         {map[string]string{".git/HEAD": "", ".gitignore": ".env*\n!.env.local\n"}, ".env.local", false},
		"nested":                 {map[string]string{".git/HEAD": "", "a/.gitignore": ".env\n"}, "a/.env", true},
		"nested, included again": {map[string]string{".git/HEAD": "", ".gitignore": ".env\n", "a/.gitignore": "!.env\n"}, "a/.env", false},
		"nested elsewhere":       {map[string]string{".git/HEAD": "", "b/.gitignore": ".env\n"}, "a/.env", false},
		"excluded":               {map[string]string{".git/info/exclude": ".env\n"}, "a/.env", true},
		"a linked work tree":     {map[string]string{".git": "gitdir: x", ".gitignore": ".env\n"}, ".env", true},
		"a comment":              {map[string]string{".git/HEAD": "", ".gitignore": "#.env\n"}, ".env", false},
		"all but a folder":       {map[string]string{".git/HEAD": "", ".gitignore": "/*\n!/src\n"}, "src/.env", false},
		"all but folders":        {map[string]string{".git/HEAD": "", ".gitignore": "*\n!*/\n"}, "src/.env", true},
		"below what is ignored":  {map[string]string{".git/HEAD": "", ".gitignore": "a/\n!a/.env\n"}, "a/.env", true},
		"no file in a folder":    {map[string]string{".git/HEAD": "", ".gitignore": "a\n", "a/.gitignore": "!.env\n"}, "a/.env", true},
		"a class and a slash":    {map[string]string{".git/HEAD": "", ".gitignore": "a[!x].env\n"}, "a/.env", false},
		"a named class":          {map[string]string{".git/HEAD": "", ".gitignore": "[[:punct:]]env\n"}, ".env", true},
		"no named class":         {map[string]string{".git/HEAD": "", ".gitignore": "[[:alpha:]]env\n"}, ".env", false},
		"no such named class":    {map[string]string{".git/HEAD": "", ".gitignore": "[[:dots:].]env\n"}, ".env", false},
		"an open class":          {map[string]string{".git/HEAD": "", ".gitignore": "[.env\n.env[\n"}, ".env", false},
		"a bracket in a class":   {map[string]string{".git/HEAD": "", ".gitignore": "[].]env\n"}, ".env", true},
		"stars beside a letter":  {map[string]string{".git/HEAD": "", ".gitignore": "a**/.env\n"}, "a/b/.env", false},
		"stars in the middle":    {map[string]string{".git/HEAD": "", ".gitignore": "a/**/.env\n"}, "a/b/c/.env", true},
		"a blank that stays":     {map[string]string{".git/HEAD": "", ".gitignore": ".env\\ \n"}, ".env", false},
		"blanks at the end":      {map[string]string{".git/HEAD": "", ".gitignore": ".env  \n"}, ".env", true},
		"a backslash at the end": {map[string]string{".git/HEAD": "", ".gitignore": ".env\\\n"}, ".env", false},
		"a byte order mark":      {map[string]string{".git/HEAD": "", ".gitignore": "\ufeff.env\n"}, ".env", true},
		"stronger than info":     {map[string]string{".git/info/exclude": ".env\n", ".gitignore": "!.env\n"}, ".env", false},
		"many stars": {map[string]string{".git/HEAD": "", ".gitignore": strings.Repeat("*a", 900) + "\n.env\n"},
			strings.Repeat("a", 200) + "/.env", true},
		"a pattern without an end": {map[string]string{".git/HEAD": "", ".gitignore": ".env\n!" + strings.Repeat("[!x]", 9000)},
			".env", false},
		"a broken pattern": {map[string]string{".git/HEAD": "", ".gitignore": "[z-a]\n[\n\\\n.env\n"}, ".env", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			for file, text := range tt.files {
				put(t, filepath.Join(dir, filepath.FromSlash(file)), text)
			}
			_, err = Write(dir, tt.path, []Pair{{"KEY", "v"}}, false)
			var committed *NotIgnoredError
			if errors.As(err, &committed) == tt.ignored || err != nil && committed == nil {
				t.Errorf("%v", err)
			}
			if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(tt.path))); (err == nil) != tt.ignored {
				t.Errorf("written: %v", err)
			}
		})
	}
}
