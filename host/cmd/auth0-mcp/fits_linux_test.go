package main

import (
	"errors"
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// fits [-on TEXT KEYS]… [-status N] [-whole TEXT] COMMAND… is a program of the scripts. It runs a command in terminals
// of 40, 80 and 200 columns, without colours, without UTF-8, without any cursor, and for a screen reader. It fails if a
// line is too long for the terminal, but for one that has the TEXT, or if one shows what it was asked not to show. Keys
// are typed as by screen.
func fits() {
	if err := fitsAll(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// terminal is a kind of terminal that output is checked on.
type terminal struct {
	name  string
	width uint16
	set   []string
	// unwanted is what it must not be sent.
	unwanted *regexp.Regexp
	// long: lines may be longer than it is wide.
	long bool
}

func terminals() []terminal {
	return []terminal{
		{name: "40 columns", width: 40},
		{name: "80 columns, NO_COLOR", width: 80, set: []string{"NO_COLOR=1"}, unwanted: regexp.MustCompile(`\x1b\[3[0-9]`)},
		{name: "200 columns, no UTF-8", width: 200, set: []string{"LC_ALL=C"}, unwanted: regexp.MustCompile(`[^\x00-\x7f]`)},
		{name: "TERM=dumb", width: 80, set: []string{"TERM=dumb"}, unwanted: regexp.MustCompile(`\x1b|\r[^\n]|[^\x00-\x7f]`)},
		// Colours are no harm, and nothing is drawn over.
		{name: "ACCESSIBLE", width: 80, set: []string{"ACCESSIBLE=1"}, long: true,
			unwanted: regexp.MustCompile(`\x1b\[[0-9;?]*[^0-9;?m]|\r[^\n]|[^\x00-\x7f]`)},
	}
}

func fitsAll(args []string) error {
	var typed []typing
	want, whole := 0, "\x00"
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		switch args[0] {
		case "-on":
			keys, err := strconv.Unquote(`"` + args[2] + `"`)
			if err != nil {
				return err
			}
			typed = append(typed, typing{after: args[1], keys: keys})
			args = args[3:]
		case "-whole":
			whole, args = args[1], args[2:]
		case "-status":
			var err error
			if want, err = strconv.Atoi(args[1]); err != nil {
				return err
			}
			args = args[2:]
		default:
			return fmt.Errorf("unknown flag %s", args[0])
		}
	}
	var problems []error
	for _, t := range terminals() {
		shown, status, err := inTerminal(t.width, slices.Clone(typed), append(os.Environ(), t.set...), args)
		if err == nil && status != want {
			err = fmt.Errorf("exit status %d, want %d", status, want)
		}
		if err = errors.Join(err, t.check(shown, whole)); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w\n%s", t.name, err, shown))
		}
	}
	return errors.Join(problems...)
}

// isDiff is whether a line with this first word is one of a diff.
func isDiff(word string) bool { return word[0] == '+' || word[0] == '-' || word == "@@" }

var (
	spinner  = regexp.MustCompile(`(\r\x1b\[K[^\r\x1b]*)+\r\x1b\[K`)
	sequence = regexp.MustCompile(`\x1b[\[\]][0-9;?<=>$]*[a-zA-Z]`)
)

// check is nil if what was shown suits the terminal. What is to be copied in one piece may be longer than a line: an
// error, a command, a word.
func (t terminal) check(shown, exempt string) error {
	var problems []error
	if t.unwanted != nil {
		if found := t.unwanted.FindString(shown); found != "" {
			problems = append(problems, fmt.Errorf("it was sent %q", found))
		}
	}
	if t.long {
		return errors.Join(problems...)
	}
	shown = strings.ReplaceAll(shown, "^C", "") // the echo of the key
	for line := range strings.SplitSeq(sequence.ReplaceAllString(spinner.ReplaceAllString(shown, ""), ""), "\n") {
		for part := range strings.SplitSeq(line, "\r") {
			words := strings.Fields(part)
			whole := len(words) < 2 || strings.TrimSuffix(path.Base(words[0]), ":") == "auth0-mcp" || isDiff(words[0]) ||
				strings.Contains(part, exempt)
			if size := utf8.RuneCountInString(part); size > int(t.width) && !whole {
				problems = append(problems, fmt.Errorf("%d columns: %q", size, part))
			}
		}
	}
	return errors.Join(problems...)
}
