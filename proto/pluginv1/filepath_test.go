package pluginv1

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// The paths of real projects.
func TestCheckFilePathAccepts(t *testing.T) {
	for _, path := range []string{
		"a", "src/.env", ".env.local", "app/api/auth/[auth0]/route.ts", "app/(group)/@modal/[...slug]/page.tsx",
		"routes/$id.tsx",
		"src/routes/+page.svelte", "Über uns/日本.md", "a..b", "...a", "a b", "console.ts", "com10", "nullable.go",
		".github/x.yml",
		".gitignore", "a.git", "git", "git~", "it's, 100% & {so}=on.txt", "com.example/x",
		strings.Repeat("a", MaxFileNameBytes), strings.Repeat("a/", MaxFilePathBytes/2-1) + "a",
	} {
		if err := CheckFilePath(path); err != nil {
			t.Errorf("%q: %v", path, err)
		}
	}
}

func TestCheckFilePathRefuses(t *testing.T) {
	for _, path := range []string{
		"", ".", "..", "/", "/etc/passwd", "../a", "a/../b", "a/..", "a/./b", "./a", "a//b", "a/",
		`a\b`, `..\a`, `C:\a`, "C:/a", "C:a", "a:stream", "a::$DATA", "//server/share", "a\x00b", "a\nb", "a\x7f", "a\x1b[2J",
		"\xff",
		"a\u202eb", "a\u200bb", "a\ufe0fb", "a\u3164b", "a\u00adb",
		"con", "CON", "Aux.txt", "nul .txt", "a/prn", "com1.log", "LPT9", "com²", "conin$", "a/NUL/b",
		"a.", "a ", " a", "a./b", "a /b", "...", "a?", "a*", "a<b", "a>b", `a"b`, "a|b",
		".git/config", ".GIT/hooks/post-checkout", "a/.git", "git~1/config", "GIT~2",
		strings.Repeat("a", MaxFileNameBytes+1), strings.Repeat("a/", MaxFilePathBytes/2) + "a",
	} {
		var refused *PathError
		if err := CheckFilePath(path); !errors.As(err, &refused) || refused.Problem == "" {
			t.Errorf("%q: %v", path, err)
		}
	}
}

// Whatever is accepted stays below its root, on this system and by the rules of others.
func FuzzFilePath(f *testing.F) {
	for _, path := range []string{"src/.env", "../a", `a\..\b`, "a/./b", "C:a", "a:b", "nul.txt", "a. /b", ".git/x",
		"\u202e", "日本"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if CheckFilePath(path) != nil {
			return
		}
		if !fs.ValidPath(path) || path == "." || !filepath.IsLocal(filepath.FromSlash(path)) ||
			filepath.ToSlash(filepath.Clean(path)) != path {
			t.Errorf("%q is accepted", path)
		}
		// As Windows reads it: backslashes are slashes, and what ends a name is dropped.
		for name := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '/' || r == '\\' }) {
			stem, _, _ := strings.Cut(strings.ToUpper(name), ".")
			stem = strings.TrimRight(stem, " ")
			if strings.TrimRight(name, ". ") != name || strings.Contains(name, ":") || stem == "NUL" || stem == "CON" ||
				strings.EqualFold(name, ".git") {
				t.Errorf("%q is accepted, with the element %q", path, name)
			}
		}
	})
}
