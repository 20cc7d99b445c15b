package host_test

import (
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// Each relative link in the documentation leads to a file, and its fragment to a heading.
func TestLinks(t *testing.T) {
	pages := map[string]string{} // by path
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != ".." &&
			(strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules" || d.Name() == "bin"):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".md":
			return nil
		}
		text, err := os.ReadFile(path)
		pages[path] = prose(string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	links := 0
	for path, text := range pages {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			links++
			if problem := checkLink(path, m[1], pages); problem != "" {
				t.Errorf("%s: %s", path, problem)
			}
		}
	}
	if links < 50 {
		t.Errorf("%d links were found, which are too few", links)
	}
	for _, broken := range []string{"invented.md", "README.md#invented", "docs/invented.md#a"} {
		if checkLink("../README.md", broken, pages) == "" {
			t.Errorf("the link %s is not found to be broken", broken)
		}
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	fence   = regexp.MustCompile("(?ms)^```.*?^```")
)

// prose is a page without its blocks of code.
func prose(page string) string { return fence.ReplaceAllString(page, "") }

func checkLink(page, target string, pages map[string]string) (problem string) {
	u, err := url.Parse(target)
	if err != nil {
		return err.Error()
	}
	if u.IsAbs() {
		return ""
	}
	file := page
	if u.Path != "" {
		file = filepath.Join(filepath.Dir(page), filepath.FromSlash(u.Path))
	}
	if _, err := os.Stat(file); err != nil {
		return fmt.Sprintf("%s leads to %s, which does not exist", target, file)
	}
	if text, ok := pages[file]; ok && u.Fragment != "" && !anchors(text)[u.Fragment] {
		return fmt.Sprintf("%s: %s has no such heading", target, file)
	}
	return ""
}

// anchors are the fragments that GitHub makes of a page's headings.
func anchors(page string) map[string]bool {
	found := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(page, -1) {
		found[strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, m[1])] = true
	}
	return found
}
