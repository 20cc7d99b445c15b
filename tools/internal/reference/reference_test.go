package reference

import (
	"strings"
	"testing"
)

// Each difference needs a reason, and each reason a difference.
func TestReport(t *testing.T) {
	findings := []Finding{{"GET /a/b x", "one"}, {"POST /c", "two"}}
	var out strings.Builder
	if err := Report(&out, "# text\n\nGET /a/* x: because\nPOST /c: also\n", findings); err != nil {
		t.Fatal(err, out.String())
	}
	if got := out.String(); got != "all explained by 2 rows\n" {
		t.Error(got)
	}
	out.Reset()
	err := Report(&out, "GET /a/* x: because\nPUT *: unused\n", findings)
	if err == nil || err.Error() != "2 differences are not explained" ||
		out.String() != "POST /c: two\nknown.txt: nothing is PUT *\n" {
		t.Errorf("%v\n%s", err, out.String())
	}
	if err := Report(&out, "GET /a/*\n", findings); err == nil {
		t.Error("a row without a reason is taken")
	}
}

func TestGlob(t *testing.T) {
	for _, test := range []struct {
		pattern, text string
		want          bool
	}{
		{"a", "a", true}, {"a", "ab", false}, {"a*", "ab", true}, {"*b", "aab", true}, {"a*c*e", "abcde", true},
		{"a*c*f", "abcde", false},
		{"*", "", true}, {"", "", true}, {"", "a", false}, {"GET /a/{id} *", "GET /a/{id} answer", true},
	} {
		if got := glob(test.pattern, test.text); got != test.want {
			t.Errorf("%s %s: %v", test.pattern, test.text, got)
		}
	}
}
