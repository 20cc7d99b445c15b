package host_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The code of the cookbook is that of its tests.
func TestCookbook(t *testing.T) {
	page, err := os.ReadFile("../docs/plugins/cookbook.md")
	if err != nil {
		t.Fatal(err)
	}
	tested, err := os.ReadFile("../sdk/cookbook_test.go")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```go\n(.*?)^```$").FindAllStringSubmatch(string(page), -1)
	if len(blocks) < 7 {
		t.Errorf("%d blocks of code were found, which are too few", len(blocks))
	}
	for _, block := range blocks {
		for declaration := range strings.SplitSeq(block[1], "\n\n") {
			if !strings.Contains(string(tested), strings.TrimSuffix(declaration, "\n")+"\n") {
				t.Errorf("sdk/cookbook_test.go does not have this:\n%s", declaration)
			}
		}
	}
}
