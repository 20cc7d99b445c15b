package console

import "testing"

func TestProse(t *testing.T) {
	narrow := Screen{Width: 20, Symbols: true}
	for _, test := range []struct {
		screen     Screen
		text, want string
	}{
		{Screen{}, "a file gets lines of any length …\n", "a file gets lines of any length …\n"},
		{narrow, "it fits\n  so does it\n", "it fits\n  so does it\n"},
		{narrow, "one two three four five six\n", "one two three\n    four five six\n"},
		{narrow, "  one two three four five\n", "  one two three\n      four five\n"},
		{narrow, "  auth0-mcp run --sandbox --read-only\n", "  auth0-mcp run --sandbox --read-only\n"},
		{narrow, "  /usr/bin/auth0-mcp run --sandbox\n", "  /usr/bin/auth0-mcp run --sandbox\n"},
		{narrow, "Shall this be? [y/N] ", "Shall this be?\n    [y/N] "},
		{narrow, "Shall it? [y/N] ", "Shall it? [y/N] "},
		{Screen{Width: 20}, "more … → on\n", "more ... -> on\n"},
	} {
		if got := test.screen.Prose(test.text); got != test.want {
			t.Errorf("%d columns: %q, want %q", test.screen.Width, got, test.want)
		}
	}
}

// What a label's text says never looks like a line with a label of its own.
func TestColumns(t *testing.T) {
	const text = "Tool \"x\"\n  title     one two three four five six\n  digest    0123456789012345678901234\n\n"
	for width, want := range map[int]string{
		0:   text,
		100: text,
		34:  "Tool \"x\"\n  title     one two three four\n            five six\n  digest\n    0123456789012345678901234\n\n",
		25:  "Tool \"x\"\n  title\n    one two three four\n    five six\n  digest\n    0123456789012345678901234\n\n",
	} {
		if got := (Screen{Width: width}).Columns(text); got != want {
			t.Errorf("%d columns:\n%s\nwant:\n%s", width, got, want)
		}
	}
}
