package console

import (
	"strings"
	"testing"
)

func plugins() *Table {
	t := NewTable("PLUGIN", "STATE", "SOURCE", "SUMMARY")
	t.Row("logs", Cell{"ok", Good}, "-", "Reads the logs of a tenant")
	t.Row("roles", Cell{"broken", Bad}, "ghcr.io/example/plugins/roles", "Roles and who has them, with their permissions")
	t.Row("名前", "ok", "", "\x1b[31mred")
	return t
}

func TestTable(t *testing.T) {
	tests := map[string]struct {
		screen Screen
		want   string
	}{
		"a file gets lines of any length": {Screen{}, `
PLUGIN  STATE   SOURCE                         SUMMARY
logs    ok      -                              Reads the logs of a tenant
roles   broken  ghcr.io/example/plugins/roles  Roles and who has them, with their permissions
名前    ok                                     \u{1B}[31mred
`},
		"a wide terminal gets the same": {Screen{Width: 200}, `
PLUGIN  STATE   SOURCE                         SUMMARY
logs    ok      -                              Reads the logs of a tenant
roles   broken  ghcr.io/example/plugins/roles  Roles and who has them, with their permissions
名前    ok                                     \u{1B}[31mred
`},
		"cells are wrapped between words": {Screen{Width: 70}, `
PLUGIN  STATE   SOURCE                      SUMMARY
logs    ok      -                           Reads the logs of a tenant
roles   broken  ghcr.io/example/plugins/    Roles and who has them,
                roles                       with their permissions
名前    ok                                  \u{1B}[31mred
`},
		"rows are lists where columns would be too narrow": {Screen{Width: 40}, `
PLUGIN   logs
STATE    ok
SOURCE   -
SUMMARY  Reads the logs of a tenant

PLUGIN   roles
STATE    broken
SOURCE   ghcr.io/example/plugins/roles
SUMMARY  Roles and who has them, with
         their permissions

PLUGIN   名前
STATE    ok
SUMMARY  \u{1B}[31mred
`},
		"a very narrow terminal": {Screen{Width: 16}, `
PLUGIN   logs
STATE    ok
SOURCE   -
SUMMARY
  Reads the logs
  of a tenant

PLUGIN   roles
STATE    broken
SOURCE
  ghcr.io/
  example/
  plugins/roles
SUMMARY
  Roles and who
  has them, with
  their
  permissions

PLUGIN   名前
STATE    ok
SUMMARY
  \u{1B}[31mred
`},
		"a screen reader gets no wrapped columns": {Screen{Width: 80, Linear: true}, `
PLUGIN   logs
STATE    ok
SOURCE   -
SUMMARY  Reads the logs of a tenant

PLUGIN   roles
STATE    broken
SOURCE   ghcr.io/example/plugins/roles
SUMMARY  Roles and who has them, with their permissions

PLUGIN   名前
STATE    ok
SUMMARY  \u{1B}[31mred
`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := "\n" + plugins().text(test.screen); got != test.want {
				t.Errorf("got:%s\nwant:%s", got, test.want)
			}
		})
	}
}

func TestTableColours(t *testing.T) {
	table := NewTable("NAME", "STATE")
	table.Row("a", Cell{"ok", Good})
	want := "\x1b[1mNAME\x1b[0m  \x1b[1mSTATE\x1b[0m\na     \x1b[32mok\x1b[0m\n"
	if got := table.text(Screen{Width: 80, Colour: true}); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTableIndent(t *testing.T) {
	table := NewTable("NAME", "TEXT")
	table.Indent = 2
	table.Row("a", "one two three four five six seven")
	want := "  NAME  TEXT\n  a     one two three four\n        five six seven\n"
	if got := table.text(Screen{Width: 28}); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestWrapKeepsWordsWhole(t *testing.T) {
	for _, test := range []struct {
		text, want string
		width      int
	}{
		{"", "", 10},
		{"one two", "one two", 7},
		{"one two", "one|two", 6},
		{"a https://example.com/path/of/some/length b", "a|https://|example.com/|path/of/|some/length|b", 12},
		{"unbreakableunbreakable x", "unbreakableunbreakable|x", 10},
		{"update:a,update:b,update:c", "update:a,|update:b,|update:c", 10},
		{"日本語 日本語", "日本語|日本語", 8},
	} {
		if got := strings.Join(wrap(test.text, test.width), "|"); got != test.want {
			t.Errorf("wrap(%q, %d) = %q, want %q", test.text, test.width, got, test.want)
		}
	}
}

func TestItem(t *testing.T) {
	const text = "The certificate has expired"
	for _, test := range []struct {
		width int
		want  string
	}{
		{0, "fail  tls  The certificate has expired\n"},
		{80, "fail  tls  The certificate has expired\n"},
		{34, "fail  tls  The certificate has\n           expired\n"},
		{20, "fail  tls\n  The certificate\n  has expired\n"},
	} {
		if got := (Screen{Width: test.width}).Item("fail  tls  ", 11, text); got != test.want {
			t.Errorf("width %d:\n%s\nwant:\n%s", test.width, got, test.want)
		}
	}
}
