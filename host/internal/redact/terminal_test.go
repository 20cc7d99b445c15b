package redact

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestLine(t *testing.T) {
	for _, tt := range []struct{ name, in, line, text string }{
		{"plain", "Shop (EU) – größer, 日本語, 🙂", "", ""},
		{"line ends", "a\nb\r\nc", `a\nb\r\nc`, "a\nb\\r\nc"},
		{"tab", "a\tb", `a\tb`, "a\tb"},
		{"escape sequence", "\x1b[2J\x1b]0;title\x07", `\u{1B}[2J\u{1B}]0;title\u{7}`, ""},
		{"C1 controls", "\u009b31m", `\u{9B}31m`, ""},
		{"other line ends", "a\u2028b\u2029c\u0085d\vf\f", `a\u{2028}b\u{2029}c\u{85}d\u{B}f\u{C}`, ""},
		{"direction", "abc\u202ecba\u2066x\u200f", `abc\u{202E}cba\u{2066}x\u{200F}`, ""},
		{"zero width", "a\u200bb\ufeffc\u00add", `a\u{200B}b\u{FEFF}c\u{AD}d`, ""},
		{"tags", "a\U000e0041", `a\u{E0041}`, ""},
		{"selectors and fillers", "a\ufe0f\u3164\u2800\u115f", `a\u{FE0F}\u{3164}\u{2800}\u{115F}`, ""},
		{"spaces", "a\u00a0\u3000\u2003b", `a\u{A0}\u{3000}\u{2003}b`, ""},
		{"private use", "\ue000", `\u{E000}`, ""},
		{"not UTF-8", "a\xffb\xc3", `a\x{FF}b\x{C3}`, ""},
		{"replacement character", "a\ufffdb", "a\ufffdb", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.line == "" {
				tt.line = tt.in
			}
			if tt.text == "" {
				tt.text = tt.line
			}
			if got := Line(tt.in); got != tt.line {
				t.Errorf("Line(%q) = %q, want %q", tt.in, got, tt.line)
			}
			if got := Text(tt.in); got != tt.text {
				t.Errorf("Text(%q) = %q, want %q", tt.in, got, tt.text)
			}
		})
	}
}

// Nothing that a terminal obeys or does not show is left, whatever comes in; and
// what was made harmless once stays as it is.
func FuzzLine(f *testing.F) {
	f.Add("plain")
	f.Add("\x1b]52;c;\x07\u202e\xff\n\t")
	f.Fuzz(func(t *testing.T, s string) {
		line, text := Line(s), Text(s)
		if !utf8.ValidString(line) || !utf8.ValidString(text) {
			t.Fatalf("not UTF-8: %q", line)
		}
		for _, r := range line {
			if !unicode.IsPrint(r) || unicode.Is(unicode.Cf, r) {
				t.Fatalf("%U is left in %q", r, line)
			}
		}
		if bad := strings.IndexFunc(text,
			func(r rune) bool { return !unicode.IsPrint(r) && r != '\n' && r != '\t' }); bad >= 0 {
			t.Fatalf("byte %d of %q", bad, text)
		}
		if Line(line) != line || Text(text) != text {
			t.Fatalf("not stable: %q", line)
		}
	})
}
