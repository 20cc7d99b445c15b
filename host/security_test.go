package host_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// docs/security.md names, for each defence, files and tests. All of them exist, so that a
// test which is renamed or deleted takes its promise along only with a reviewer's notice.
func TestSecurityPage(t *testing.T) {
	page, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		// The table of platforms has four columns.
		if !strings.HasPrefix(line, "|") || len(cells) != 3 || strings.Contains(line, "|---|") ||
			strings.Contains(line, "| defense |") {
			continue
		}
		rows++
		for _, problem := range checkRow(t, cells[1], cells[2]) {
			t.Errorf("%s: %s", strings.TrimSpace(cells[0]), problem)
		}
	}
	if rows < 60 {
		t.Errorf("%d rows were found, which are too few: is the form of the tables another one?", rows)
	}
	if got := checkRow(t, " `egress/gate.go`, `egress/invented.go` ",
		" `egress`: TestResult, TestInvented; `e2e/invented.mjs`; proven by hand "); len(got) != 4 {
		t.Errorf("of a row with four faults these are found: %q", got)
	}
}

var (
	quoted   = regexp.MustCompile("`([^`]+)`")
	testName = regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w*`)
)

// checkRow says what a row names and does not exist. In the last column, sources are
// separated by semicolons: "`package`: TestA, FuzzB", a script, a file of e2e, or a
// target of make.
func checkRow(t *testing.T, where, tests string) (problems []string) {
	t.Helper()
	files := quoted.FindAllStringSubmatch(where, -1)
	if len(files) == 0 {
		problems = append(problems, "it names no file")
	}
	for _, file := range files {
		if !exists("internal/"+file[1]) && !exists("../"+file[1]) {
			problems = append(problems, file[1]+" does not exist")
		}
	}
	for source := range strings.SplitSeq(tests, ";") {
		name := quoted.FindStringSubmatch(source)
		named := testName.FindAllString(source, -1)
		switch {
		case name == nil:
			problems = append(problems, "it names neither a package nor a file: "+source)
		case len(named) > 0:
			declared := testsOf(t, name[1])
			for _, test := range named {
				if !slices.Contains(declared, test) {
					problems = append(problems, name[1]+" has no "+test)
				}
			}
		case strings.HasPrefix(name[1], "make "):
			makefile, err := os.ReadFile("../Makefile")
			if target := strings.TrimPrefix(name[1], "make "); err != nil ||
				!strings.Contains(string(makefile), "\n"+target+":") {
				problems = append(problems, "there is no target "+name[1])
			}
		case strings.HasPrefix(name[1], "testdata/") && exists("cmd/auth0-mcp/"+name[1]),
			strings.HasPrefix(name[1], "e2e/") && exists("../"+name[1]):
		default:
			problems = append(problems, name[1]+" is no test that exists")
		}
	}
	return problems
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// testsOf are the tests and fuzz targets of a package of the host, or of a folder below
// the root of the repository.
func testsOf(t *testing.T, pkg string) (names []string) {
	t.Helper()
	for _, folder := range []string{"internal/" + pkg, pkg, "../" + pkg} {
		files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, declared := range file.Decls {
				if f, ok := declared.(*ast.FuncDecl); ok && f.Recv == nil && testName.MatchString(f.Name.Name) {
					names = append(names, f.Name.Name)
				}
			}
		}
	}
	return names
}
