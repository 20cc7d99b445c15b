package host_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each decision record says whether it still holds and since when, and the index says the same.
func TestDecisionRecords(t *testing.T) {
	folder := filepath.Join("..", "docs", "adr")
	index, err := os.ReadFile(filepath.Join(folder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	records, err := filepath.Glob(filepath.Join(folder, "[0-9]*.md"))
	if err != nil || len(records) == 0 {
		t.Fatalf("%d decision records in %s, %v", len(records), folder, err)
	}
	head := regexp.MustCompile(`^# (\d+)\. (.+)\n\n` +
		`Status: (accepted|superseded by \[\d+\]\([0-9a-z-]+\.md\))\. Date: (\d{4}-\d{2}-\d{2})(?:,` +
		` amended \d{4}-\d{2}-\d{2})?\.\n\n`)
	for i, path := range records {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path)
		m := head.FindStringSubmatch(string(text))
		if m == nil {
			t.Errorf(`%s does not begin with "# NUMBER. TITLE" and "Status: accepted. Date: YYYY-MM-DD."`, name)
			continue
		}
		if want := fmt.Sprintf("%04d-", i+1); !strings.HasPrefix(name, want) || m[1] != fmt.Sprint(i+1) {
			t.Errorf("%s is number %s, and record %d in order", name, m[1], i+1)
		}
		row := fmt.Sprintf("| [%s](%s) | %s | %s | %s |\n", m[1], name, m[2], m[3], m[4])
		if strings.Count(string(index), row) != 1 {
			t.Errorf("docs/adr/README.md lacks the row %s", row)
		}
	}
	if rows := strings.Count(string(index), "\n| ["); rows != len(records) {
		t.Errorf("docs/adr/README.md has %d rows for %d records", rows, len(records))
	}
}
