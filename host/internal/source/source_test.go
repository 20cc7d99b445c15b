package source

import (
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	hex := strings.Repeat("ab", 32)
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for reference, want := range map[string]struct {
		kind Kind
		text string // empty: as the reference
		many bool
	}{
		"https://plugins.example.com/roles/index.json":   {kind: Index, many: true},
		"https://Plugins.Example.com/roles/index.json":   {Index, "https://plugins.example.com/roles/index.json", true},
		"http://127.0.0.1:8080/index.json":               {kind: Index, many: true},
		"https://example.com/roles.tar.gz#sha256=" + hex: {kind: Archive},
		"oci://ghcr.io/acme/roles":                       {kind: OCI, many: true},
		"oci://ghcr.io/acme/roles:1.2.0":                 {kind: OCI},
		"oci://localhost:5000/roles@sha256:" + hex:       {kind: OCI},
		"oci://[::1]:5000/roles:1.2.0@sha256:" + hex:     {kind: OCI},
		"oci-layout:layout":                              {OCILayout, "oci-layout:" + filepath.Join(here, "layout"), true},
		"oci-layout:layout:1.0.0": {OCILayout, "oci-layout:" + filepath.Join(here, "layout") +
			":1.0.0", false},
		"dist/roles_1.0.0_linux_amd64.tar.gz": {Archive, filepath.Join(here,
			"dist/roles_1.0.0_linux_amd64.tar.gz"), false},
		"roles.ZIP":           {Archive, filepath.Join(here, "roles.ZIP"), false},
		"./mirror/index.json": {Index, filepath.Join(here, "mirror/index.json"), true},
		".":                   {Folder, here, false},
		"roles/manifest.json": {Folder, filepath.Join(here, "roles"), false},
	} {
		s, err := Parse(reference)
		if err != nil {
			t.Errorf("%s: %v", reference, err)
			continue
		}
		if want.text == "" {
			want.text = reference
		}
		if s.Kind() != want.kind || s.String() != want.text || s.Versioned() != want.many {
			t.Errorf("%s: got %s %s, versioned %v", reference, s.Kind(), s, s.Versioned())
		}
		if again, err := Parse(s.String()); err != nil || again != s {
			t.Errorf("%s: its String is read as %v, %v", reference, again, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for reference, want := range map[string]string{
		"":                                       "want a path",
		"ftp://example.com/index.json":           "ftp:// is not known",
		"http://example.com/index.json":          "use https",
		"https://user:pw@example.com/x.json":     "leave them out",
		"https://example.com/index.json?sig=x":   "a query",
		"https://example.com/roles.tar.gz":       "needs its digest",
		"https://example.com/r.tar.gz#sha256=12": "64 lower-case hex digits",
		"https://example.com/roles":              "which ends in .json",
		"https:///index.json":                    "not a URL",
		"oci://ghcr.io":                          "lower case",
		"oci://ghcr.io/Acme/roles":               "lower case",
		"oci://ghcr.io/a b":                      "lower case",
		"oci://ghcr.io/roles:1 2":                "tag",
		"oci://ghcr.io/roles@sha256:12":          "hex digits",
		"oci://user@ghcr.io/roles":               "digest",
		"oci-layout:":                            "want oci-layout:PATH",
	} {
		if _, err := Parse(reference); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", reference, err, want)
		}
	}
	if runtime.GOOS == "windows" {
		if s, err := Parse(`oci-layout:C:\layout`); err != nil || s.Tag() != "" {
			t.Errorf("a drive: %v, %v", s, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"https://a/index.json", "oci://a/b:c@sha256:", "oci-layout:x:1", "a.zip",
		"https://[::1]/x.json#"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, reference string) {
		s, err := Parse(reference)
		if err != nil {
			return
		}
		if again, err := Parse(s.String()); err != nil || again != s {
			t.Errorf("%q: its String %q is read as %+v, %v", reference, s, again, err)
		}
	})
}

func TestSelect(t *testing.T) {
	all := []Version{{Version: "1.0.0"}, {Version: "1.10.0"}, {Version: "1.9.0"}, {Version: "2.0.0-rc.1"},
		{Version: "1.11.0", Yanked: "it deletes too much"}}
	for constraint, want := range map[string]string{
		"": "1.10.0", "~> 1.0": "1.10.0", "~> 1.9.0": "1.9.0", ">= 1.0, < 1.10": "1.9.0", "1.0.0": "1.0.0",
		"= 1.0.0":    "1.0.0",
		"2.0.0-rc.1": "2.0.0-rc.1", "1.11.0": "1.11.0", "^1": "want 1.2.3", "~> 3.0": "there is 2.0.0-rc.1, 1.11.0, 1.10.0",
		">= 1.11, < 2": "1.11.0 was withdrawn by its author (it deletes too much)",
	} {
		got, err := Select(all, constraint)
		if err == nil && got.Version != want || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %s, %v; want %s", constraint, got.Version, err, want)
		}
	}
	if _, err := Select(nil, ""); err == nil || !strings.Contains(err.Error(), "no version to choose from") {
		t.Errorf("got %v", err)
	}
}
