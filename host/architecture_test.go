package host_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The table of packages in ARCHITECTURE.md has the packages and imports that [imports]
// allows, and an import always points down the table. Each Go file that the page names exists.
func TestArchitecturePage(t *testing.T) {
	page, err := os.ReadFile("../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "### Inside the host")
	table, _, _ = strings.Cut(table, "\n## ")
	row := regexp.MustCompile("(?m)^\\| `(\\w+)` \\| .+ \\| (.*)\\|$")
	below := map[string]bool{}
	rows := row.FindAllStringSubmatch(table, -1)
	slices.Reverse(rows)
	for _, m := range rows {
		name := m[1]
		var named []string
		for _, other := range quoted.FindAllStringSubmatch(m[2], -1) {
			named = append(named, other[1])
			if !below[other[1]] {
				t.Errorf("%s imports %s, which is not below it", name, other[1])
			}
		}
		below[name] = true
		if name == commandLine {
			continue
		}
		slices.Sort(named)
		if want := slices.Sorted(maps.Keys(imports[name])); !slices.Equal(named, want) {
			t.Errorf("%s imports %q on the page, and may import %q", name, named, want)
		}
	}
	for name := range imports {
		if !strings.Contains(name, "/") && !below[name] {
			t.Errorf("the table lacks %s", name)
		}
	}
	for _, m := range regexp.MustCompile("`([\\w./]+\\.go)`").FindAllStringSubmatch(string(page), -1) {
		// Files without a folder are of the package that the paragraph is about.
		if strings.Contains(m[1], "/") && !exists("internal/"+m[1]) && !exists("../"+m[1]) {
			t.Errorf("%s does not exist", m[1])
		}
	}
}
