// Package console decides how output looks where it goes: a terminal of some width, with or without colour and symbols,
// or a file. It shows tables and progress.
package console

import (
	"os"
	"runtime"
	"strings"

	"golang.org/x/term"
)

// Screen is what an output can show. The zero one is a file or a pipe: lines of any length, without colour.
type Screen struct {
	// Width is in columns; 0 if the output is not a terminal.
	Width int
	// Colour is whether ANSI colours are wanted: not with NO_COLOR.
	Colour bool
	// Symbols is whether characters outside of ASCII can be shown and help: not in a locale without UTF-8, and not for
	// screen readers (ACCESSIBLE), which get words.
	Symbols bool
	// Moving is whether lines may be drawn over, as a spinner does.
	Moving bool
	// Linear is whether text must be readable from left to right and top to bottom: no columns of wrapped cells.
	Linear bool
}

// unknownWidth is for a terminal that does not tell its width.
const unknownWidth = 80

// Of tells what a stream can show, by the environment too: NO_COLOR (no-color.org), TERM, ACCESSIBLE and the locale.
func Of(stream any) Screen {
	file, ok := stream.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return Screen{}
	}
	s := screenFor(os.Getenv, runtime.GOOS)
	s.Colour = s.Colour && takesColour(file)
	if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
		s.Width = width
	}
	return s
}

// screenFor is a terminal in an environment.
func screenFor(getenv func(string) string, system string) Screen {
	accessible := on(getenv("ACCESSIBLE"))
	dumb := getenv("TERM") == "dumb"
	return Screen{
		Width:   unknownWidth,
		Colour:  !dumb && getenv("NO_COLOR") == "",
		Symbols: !dumb && !accessible && utf8Locale(getenv, system),
		Moving:  !dumb && !accessible,
		Linear:  accessible,
	}
}

// on is whether a variable that switches something is set to something else than off.
func on(value string) bool {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "", "0", "false", "no":
		return false
	}
	return true
}

// utf8Locale is whether the locale for characters has UTF-8. Windows has none; macOS has UTF-8 unless it is told
// otherwise.
func utf8Locale(getenv func(string) string, system string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := strings.ToLower(getenv(name)); value != "" {
			return strings.Contains(value, "utf-8") || strings.Contains(value, "utf8")
		}
	}
	return system == "windows" || system == "darwin"
}

// Symbol is the symbol if the screen shows symbols, else the word for it. A file gets the word.
func (s Screen) Symbol(symbol, word string) string {
	if s.Symbols {
		return symbol
	}
	return word
}

// Style says what a text tells the user.
type Style string

// The styles. Their values are ANSI's parameters.
const (
	Plain   Style = ""
	Good    Style = "32"
	Caution Style = "33"
	Bad     Style = "31"
	Strong  Style = "1"
)

// Paint gives a text its colour, if the screen has colours.
func (s Screen) Paint(style Style, text string) string {
	if !s.Colour || style == Plain || text == "" {
		return text
	}
	return "\x1b[" + string(style) + "m" + text + "\x1b[0m"
}
