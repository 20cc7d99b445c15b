package console

import "testing"

func TestOneLine(t *testing.T) {
	cells := []Cell{{"12:00", Plain}, {"Failed login", Bad}, {"", Plain}, {"日本語@example.com\x1b[2J", Plain}}
	for name, test := range map[string]struct {
		screen Screen
		want   string
	}{
		"a file":           {Screen{}, `12:00  Failed login  日本語@example.com\u{1B}[2J` + "\n"},
		"a wide terminal":  {Screen{Width: 80}, `12:00  Failed login  日本語@example.com\u{1B}[2J` + "\n"},
		"a narrow one":     {Screen{Width: 26, Symbols: true}, "12:00  Failed login  日本…\n"},
		"without symbols":  {Screen{Width: 26}, "12:00  Failed login  日...\n"},
		"no room at all":   {Screen{Width: 21, Symbols: true}, "12:00  Failed login\n"},
		"a screen reader":  {Screen{Width: 20, Linear: true}, `12:00  Failed login  日本語@example.com\u{1B}[2J` + "\n"},
		"with colour":      {Screen{Width: 20, Colour: true}, "12:00  \x1b[31mFailed login\x1b[0m\n"},
		"a tiny terminal":  {Screen{Width: 3}, "\n"},
		"colour and a cut": {Screen{Width: 14, Colour: true, Symbols: true}, "12:00  \x1b[31mFailed…\x1b[0m\n"},
	} {
		if got := test.screen.OneLine(cells...); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
