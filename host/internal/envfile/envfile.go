// Package envfile edits env files (dotenv) below a folder that the user gave, so that every reader of such files
// understands the same, and nothing else in them changes.
package envfile

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// MaxBytes is what an env file may have, and MaxValueBytes one value.
const (
	MaxBytes      = 1 << 20
	MaxValueBytes = 64 << 10
)

// Pair is a variable and its value.
type Pair struct{ Key, Value string }

var (
	keyForm = lazily(`^[A-Za-z_][A-Za-z0-9_]{0,199}$`)
	// assignment is what stands before a value. Some readers take a colon for an equals sign.
	assignment = lazily(`^([ \t]*)(export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*(=|:[ \t])[ \t]*`)
	// hiddenLine matches a line within a value that readers which know no quotation marks take for a variable. The last
	// line of Base64 ends behind its equals signs.
	hiddenLine = lazily(`\n[ \t]*(export[ \t]+)?[A-Za-z_][A-Za-z0-9_.-]*[ \t]*=[ \t]*[^=\s]`)
	// bare is a value that every reader takes as it is without quotation marks.
	bare = lazily(`^[A-Za-z0-9_./:@%+,=-]+$`)
)

// lazily compiles a pattern when it is first used: a server that starts needs none.
func lazily(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// Set returns the content of an env file in which the variables have their values: in place of each line that sets one,
// else at the end. Other lines, comments and line ends stay as they are. Errors name the line or the variable, and
// never hold a value.
func Set(content []byte, pairs []Pair) ([]byte, error) {
	if err := checkText(content); err != nil {
		return nil, err
	}
	values := map[string]string{}
	for _, p := range pairs {
		if !keyForm().MatchString(p.Key) {
			return nil, fmt.Errorf("%q is no name of a variable: want letters, digits and _, not beginning with a digit", p.Key)
		}
		if steers(p.Key) {
			return nil, fmt.Errorf("%s changes what programs do that read the file, such as which code they run: choose "+
				"another name, or set it yourself", p.Key)
		}
		if _, twice := values[p.Key]; twice {
			return nil, fmt.Errorf("%s is given twice", p.Key)
		}
		quoted, err := quote(p.Value)
		if err != nil {
			return nil, fmt.Errorf("the value of %s %w", p.Key, err)
		}
		values[p.Key] = quoted
	}
	set := map[string]bool{}
	out, err := replaced(string(content), func(key, _ string) (string, bool) {
		quoted, wanted := values[key]
		set[key] = set[key] || wanted
		return quoted, wanted
	})
	if err != nil {
		return nil, err
	}
	end := "\n"
	if strings.Contains(out, "\r\n") {
		end = "\r\n"
	}
	for _, p := range pairs {
		if set[p.Key] {
			continue
		}
		if out != "" && !strings.HasSuffix(out, "\n") {
			out += end
		}
		out += p.Key + "=" + values[p.Key] + end
	}
	if len(out) > MaxBytes {
		return nil, fmt.Errorf("the file would be over %d bytes", MaxBytes)
	}
	return []byte(out), nil
}

// Has reports whether a line of an env file gives a variable a value that is not empty. The error names the line.
func Has(content []byte, key string) (bool, error) {
	if err := checkText(content); err != nil {
		return false, err
	}
	has := false
	_, err := replaced(string(content), func(name, value string) (string, bool) {
		has = has || name == key && strings.Trim(value, "\"'`") != ""
		return "", false
	})
	return has, err
}

// checkText refuses what is no text that a line can be replaced in.
func checkText(content []byte) error {
	switch {
	case len(content) > MaxBytes:
		return fmt.Errorf("the file is over %d bytes: that is no env file", MaxBytes)
	case bytes.HasPrefix(content, []byte{0xff, 0xfe}), bytes.HasPrefix(content, []byte{0xfe, 0xff}):
		return errors.New("the file is in UTF-16: save it in UTF-8")
	case bytes.IndexByte(content, 0) >= 0:
		return errors.New("the file holds a NUL: that is no env file")
	case !utf8.Valid(content):
		return errors.New("the file is not in UTF-8")
	}
	return nil
}

// replaced is the text with other values: of says for each variable, with its value as it is written, what stands in
// its place, and whether anything does.
func replaced(text string, of func(key, value string) (quoted string, wanted bool)) (string, error) {
	var out strings.Builder
	rest, line := text, 1
	if after, ok := strings.CutPrefix(rest, "\ufeff"); ok {
		out.WriteString("\ufeff")
		rest = after
	}
	for rest != "" {
		match := assignment().FindStringSubmatch(rest)
		if match == nil {
			one := upToLineEnd(rest)
			out.WriteString(one)
			rest, line = rest[len(one):], line+1
			continue
		}
		head, key := match[0], match[3]
		value, tail, ok := split(rest[len(head):])
		if !ok {
			return "", fmt.Errorf("line %d: the quotation mark is not closed. Fix the file first", line)
		}
		used := len(head) + len(value) + len(tail)
		if quoted, wanted := of(key, value); wanted {
			if strings.HasPrefix(tail, "#") {
				tail = " " + tail
			}
			out.WriteString(match[1] + match[2] + key + "=" + quoted + tail)
		} else {
			out.WriteString(head + value + tail)
		}
		line += strings.Count(head+value+tail, "\n")
		rest = rest[used:]
	}
	return out.String(), nil
}

// upToLineEnd is the first line of a text with its end.
func upToLineEnd(text string) string {
	if at := strings.IndexByte(text, '\n'); at >= 0 {
		return text[:at+1]
	}
	return text
}

// split divides what follows a key into the value and the rest of its last line: space, a comment, the line's end. ok
// is false if a quotation mark is not closed.
func split(text string) (value, tail string, ok bool) {
	if text != "" && strings.ContainsRune("\"'`", rune(text[0])) {
		end := closing(text)
		if end < 0 {
			return "", "", false
		}
		after := upToLineEnd(text[end+1:])
		if left := strings.TrimSpace(after); left == "" || left[0] == '#' {
			return text[:end+1], after, true
		}
		// More stands behind the quotation mark: readers differ, and the line is the value.
		whole := text[:end+1] + strings.TrimRight(after, "\r\n")
		return whole, text[len(whole) : len(text[:end+1])+len(after)], true
	}
	line := upToLineEnd(text)
	value = strings.TrimRight(line, "\r\n")
	if at := strings.IndexByte(value, '#'); at == 0 {
		value = ""
	} else if at := strings.Index(value, " #"); at >= 0 {
		value = value[:at]
	} else if at := strings.Index(value, "\t#"); at >= 0 {
		value = value[:at]
	}
	value = strings.TrimRight(value, " \t")
	return value, line[len(value):], true
}

// closing is where the quotation mark at the beginning of a text is closed; -1: nowhere.
func closing(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case text[0]:
			return i
		}
	}
	return -1
}

// quote writes a value so that shells, Compose and the readers for Node.js, Python, Ruby and Go take it as it is. The
// error does not hold it.
func quote(value string) (string, error) {
	switch {
	case value == "":
		return "", errors.New("is empty")
	case len(value) > MaxValueBytes:
		return "", fmt.Errorf("is over %d bytes", MaxValueBytes)
	case !utf8.ValidString(value):
		return "", errors.New("is not UTF-8")
	case strings.ContainsFunc(value, divides):
		return "", errors.New("holds a carriage return or another control character, which an env file cannot hold")
	case hiddenLine().MatchString(value):
		return "", errors.New("holds a line that some readers of env files take for another variable")
	case bare().MatchString(value):
		return value, nil
	case !strings.ContainsAny(value, `'\`):
		// Single quotation marks: nothing in them is expanded, and a line end stays one.
		return "'" + value + "'", nil
	case !strings.ContainsAny(value, "\"\\$`!\n"):
		return `"` + value + `"`, nil
	}
	return "", errors.New("holds quotation marks or backslashes that readers of env files understand differently")
}

// divides reports whether a character ends a line for some readers of env files, or is none that a text has.
func divides(r rune) bool {
	return r != '\n' && r != '\t' && (unicode.IsControl(r) || r == '\u2028' || r == '\u2029')
}
