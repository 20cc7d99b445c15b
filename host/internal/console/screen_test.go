package console

import (
	"strings"
	"testing"
)

func TestScreenFor(t *testing.T) {
	all := Screen{Width: 80, Colour: true, Symbols: true, Moving: true}
	ascii := Screen{Width: 80, Colour: true, Moving: true}
	tests := map[string]struct {
		environment, system string
		want                Screen
	}{
		"UTF-8":             {"LANG=en_US.UTF-8", "linux", all},
		"utf8":              {"LANG=C LC_ALL=de_DE.utf8", "linux", all},
		"no locale":         {"", "linux", ascii},
		"LC_ALL beats LANG": {"LANG=en_US.UTF-8 LC_ALL=C", "linux", ascii},
		"Windows":           {"", "windows", all},
		"macOS":             {"", "darwin", all},
		"macOS with C":      {"LC_ALL=C", "darwin", ascii},
		"NO_COLOR":          {"LANG=C.UTF-8 NO_COLOR=1", "linux", Screen{Width: 80, Symbols: true, Moving: true}},
		"dumb":              {"LANG=C.UTF-8 TERM=dumb", "linux", Screen{Width: 80}},
		"a screen reader":   {"LANG=C.UTF-8 ACCESSIBLE=1", "linux", Screen{Width: 80, Colour: true, Linear: true}},
		"no screen reader":  {"LANG=C.UTF-8 ACCESSIBLE=0", "linux", all},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			set := map[string]string{}
			for word := range strings.FieldsSeq(test.environment) {
				name, value, _ := strings.Cut(word, "=")
				set[name] = value
			}
			got := screenFor(func(name string) string { return set[name] }, test.system)
			if got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestNoTerminal(t *testing.T) {
	if got := Of(new(strings.Builder)); got != (Screen{}) {
		t.Errorf("got %+v for a buffer", got)
	}
}

func TestProgressIsCutToTheScreen(t *testing.T) {
	p := &Progress{text: "Reading 日本語"}
	if got := p.line(11); got != "Reading 日" {
		t.Errorf("got %q", got)
	}
	if got := p.line(-1); got != "" {
		t.Errorf("got %q without room", got)
	}
}

func TestNoProgressWithoutATerminal(t *testing.T) {
	var out strings.Builder
	p := Begin(&out, "Calling")
	p.Tell("more")
	p.Stop()
	var none *Progress
	none.Tell("x")
	none.Resume()
	none.Stop()
	if p.Moving() || none.Moving() || out.Len() > 0 {
		t.Errorf("wrote %q", out.String())
	}
}
