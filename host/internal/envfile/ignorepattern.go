package envfile

import "strings"

// ignorePattern is a line of a .gitignore. https://git-scm.com/docs/gitignore
type ignorePattern struct {
	glob string
	// includes: what matches is not ignored.
	includes bool
	// foldersOnly: it matches no files. anywhere: it is of a name, at any depth.
	foldersOnly, anywhere bool
}

// parseIgnore reads a line; ok is false if it holds no pattern.
func parseIgnore(line string) (p ignorePattern, ok bool) {
	line = withoutBlanks(line)
	if line == "" || line[0] == '#' {
		return p, false
	}
	p.glob, p.includes = strings.CutPrefix(line, "!")
	p.glob, p.foldersOnly = strings.CutSuffix(p.glob, "/")
	p.anywhere = !strings.Contains(p.glob, "/")
	p.glob = strings.TrimPrefix(p.glob, "/")
	if len(p.glob) > maxGlobBytes {
		p.glob = "**" // no file has such a name; to ignore less is to refuse more
		return p, p.includes
	}
	return p, p.glob != ""
}

// maxGlobBytes bounds a pattern: a repository is not always the user's own.
const maxGlobBytes = 2000

// withoutBlanks is a line without the blanks at its end that no backslash keeps.
func withoutBlanks(line string) string {
	end := 0
	for at := 0; at < len(line); at++ {
		switch line[at] {
		case ' ':
			continue
		case '\\':
			at++
		}
		end = min(at+1, len(line))
	}
	return line[:end]
}

// matches reports whether a file or folder, relative to where the pattern is, is one that it means.
func (p ignorePattern) matches(entry string, isFolder bool) bool {
	if p.foldersOnly && !isFolder {
		return false
	}
	if p.anywhere {
		entry = entry[strings.LastIndexByte(entry, '/')+1:]
	}
	return globber{}.matches(p.glob, entry, true)
}

// globber is a comparison in progress: where stars have been tried in vain, by the lengths of what was left. It bounds
// the time that it takes.
type globber map[[2]int]bool

// matches reports whether a glob means all of a path. begins says that an element of the path begins here. Of a
// glob that is not complete, such as one with an open bracket, the answer is false.
func (g globber) matches(glob, name string, begins bool) bool {
	for glob != "" {
		switch glob[0] {
		case '*':
			return g.stars(glob, name, begins)
		case '[':
			if name == "" || name[0] == '/' {
				return false
			}
			matched, size := matchesClass(glob, name[0])
			if !matched || size == 0 {
				return false
			}
			glob = glob[size:]
		case '?':
			if name == "" || name[0] == '/' {
				return false
			}
			glob = glob[1:]
		case '\\':
			glob = glob[1:]
			fallthrough
		default:
			if glob == "" || name == "" || glob[0] != name[0] {
				return false
			}
			glob = glob[1:]
		}
		begins = name[0] == '/'
		name = name[1:]
	}
	return name == ""
}

// stars goes on at stars. Two or more that are a whole element of the glob stand for any number of folders.
func (g globber) stars(glob, name string, begins bool) bool {
	state := [2]int{len(glob), len(name)}
	if g[state] {
		return false
	}
	g[state] = true
	rest := strings.TrimLeft(glob, "*")
	folders := begins && len(glob)-len(rest) > 1 && (rest == "" || rest[0] == '/')
	if folders && rest != "" && g.matches(rest[1:], name, true) {
		return true
	}
	for at := 0; ; at++ {
		if g.matches(rest, name[at:], at > 0 && name[at-1] == '/') {
			return true
		}
		if at == len(name) || name[at] == '/' && !folders {
			return false
		}
	}
}

// matchesClass reports whether a character is in the class that a glob begins with, and how long that is; 0: it is not
// closed, or holds a name of characters that does not exist.
func matchesClass(glob string, c byte) (matched bool, size int) {
	at := 1
	negated := at < len(glob) && (glob[at] == '!' || glob[at] == '^')
	if negated {
		at++
	}
	for first := at; at < len(glob); {
		if glob[at] == ']' && at > first {
			return matched != negated, at + 1
		}
		if named, ok := strings.CutPrefix(glob[at:], "[:"); ok {
			if name, _, closed := strings.Cut(named, ":]"); closed {
				is := characters[name]
				if is == nil {
					return false, 0
				}
				matched = matched || is(c)
				at += len(name) + len("[::]")
				continue
			}
		}
		low, after, ok := classCharacter(glob, at)
		high := low
		if ok && after+1 < len(glob) && glob[after] == '-' && glob[after+1] != ']' {
			high, after, ok = classCharacter(glob, after+1)
		}
		if !ok {
			return false, 0
		}
		matched = matched || low <= c && c <= high
		at = after
	}
	return false, 0
}

// classCharacter is the character at a place of a class, which a backslash can stand before.
func classCharacter(glob string, at int) (c byte, after int, ok bool) {
	if glob[at] == '\\' {
		at++
	}
	if at >= len(glob) {
		return 0, 0, false
	}
	return glob[at], at + 1, true
}

// characters are the named ones, as POSIX has them.
var characters = map[string]func(byte) bool{
	"alnum":  func(c byte) bool { return isLetter(c) || isDigit(c) },
	"alpha":  isLetter,
	"blank":  func(c byte) bool { return c == ' ' || c == '\t' },
	"cntrl":  func(c byte) bool { return c < ' ' || c == 0x7f },
	"digit":  isDigit,
	"graph":  func(c byte) bool { return c > ' ' && c < 0x7f },
	"lower":  func(c byte) bool { return c >= 'a' && c <= 'z' },
	"print":  func(c byte) bool { return c >= ' ' && c < 0x7f },
	"punct":  func(c byte) bool { return c > ' ' && c < 0x7f && !isLetter(c) && !isDigit(c) },
	"space":  func(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' },
	"upper":  func(c byte) bool { return c >= 'A' && c <= 'Z' },
	"xdigit": func(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' },
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
