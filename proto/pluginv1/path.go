package pluginv1

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxPathBytes bounds a request's escaped path. Auth0's longest ids and identifiers
// have some hundred bytes, and HTTP servers commonly refuse a request line of 8 KiB.
const MaxPathBytes = 4096

// Path is a path below [BasePath] as data: its decoded segments. Two escaped forms of
// one path are the same Path, and it has one escaped form, which is what is sent. So
// what a [PathRule] was compared with is what reaches the tenant.
type Path struct {
	segments  []string
	canonical string
}

// PathError says why a path or its segments are refused.
type PathError struct {
	// Path is what was given.
	Path string
	// Problem completes "the path …".
	Problem string
}

func (e *PathError) Error() string { return fmt.Sprintf("path %.200q %s", e.Path, e.Problem) }

// ParsePath reads an absolute escaped path (RFC 3986, section 3.3) such as
// "/api/v2/users/auth0%7Cabc". Each segment is decoded once. The error is a
// *[PathError]: the path does not begin with [BasePath] as it is written, a segment is
// empty or malformed, or it is what [NewPath] refuses.
func ParsePath(escaped string) (Path, error) {
	refuse := func(problem string) (Path, error) { return Path{}, &PathError{escaped, problem} }
	rest, ok := strings.CutPrefix(escaped, BasePath)
	switch {
	case len(escaped) > MaxPathBytes:
		return refuse(fmt.Sprintf("is longer than %d bytes", MaxPathBytes))
	case !ok:
		return refuse("is not below " + BasePath)
	case strings.ContainsFunc(rest, outsidePath):
		return refuse("holds a character that must be escaped in a path")
	}
	segments := strings.Split(rest, "/")
	for i, segment := range segments {
		decoded, err := url.PathUnescape(segment)
		if err != nil {
			return refuse("holds a % that begins no escape: an id's own % is written %25")
		}
		segments[i] = decoded
	}
	path, problem := newPath(segments)
	if problem != "" {
		return refuse(problem)
	}
	return path, nil
}

// NewPath is the path below [BasePath] with these segments, each taken as it is: a
// slash, a percent sign or a space in an id is part of the id. The error is a
// *[PathError]: a segment is empty, is not valid UTF-8, holds a control character, or
// holds an element "." or ".." between slashes or backslashes, however often a server
// or a proxy on the way would decode it.
func NewPath(segments ...string) (Path, error) {
	path, problem := newPath(append([]string(nil), segments...))
	if problem != "" {
		return Path{}, &PathError{strings.Join(segments, "/"), problem}
	}
	return path, nil
}

func newPath(segments []string) (Path, string) {
	if len(segments) == 0 {
		return Path{}, "has no segment"
	}
	var escaped strings.Builder
	escaped.WriteString(BasePath)
	for i, segment := range segments {
		if problem := segmentProblem(segment); problem != "" {
			return Path{}, problem
		}
		if i > 0 {
			escaped.WriteByte('/')
		}
		escaped.WriteString(url.PathEscape(segment))
	}
	if escaped.Len() > MaxPathBytes {
		return Path{}, fmt.Sprintf("is longer than %d bytes", MaxPathBytes)
	}
	return Path{segments, escaped.String()}, ""
}

// String is the path in its one escaped form, each segment as url.PathEscape writes it.
func (p Path) String() string { return p.canonical }

// Segments are the decoded segments below [BasePath]. The caller must not change them.
func (p Path) Segments() []string { return p.segments }

// Parent is the path without its last segment; false if none is left.
func (p Path) Parent() (Path, bool) {
	last := len(p.segments) - 1
	if last < 1 {
		return Path{}, false
	}
	parent, problem := newPath(p.segments[:last])
	return parent, problem == ""
}

// outsidePath reports whether a byte of a path must be escaped. Besides RFC 3986's
// pchar, brackets are accepted: Go's url package leaves those of a URL as they are.
func outsidePath(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"#<>?\^`+"`{|}", r)
}

func segmentProblem(segment string) string {
	if isFieldName(segment) {
		return "" // as most are
	}
	// What is left when nothing more can be decoded shows every element that any number
	// of decodings would: decoding changes only escapes, which hold neither dots nor
	// slashes.
	decoded := overlong.Replace(fullyDecoded(segment))
	switch {
	case segment == "":
		return "has an empty segment"
	case !utf8.ValidString(segment):
		return "holds bytes that are not UTF-8"
	case strings.ContainsFunc(decoded, unicode.IsControl):
		return "holds a control character"
	case climbs(decoded):
		return `has "." or ".." for an element`
	}
	return ""
}

// overlong are the forms of ".", "/" and "\" that are no valid UTF-8 (RFC 3629, section
// 3) and that some decoders take for them.
var overlong = strings.NewReplacer(
	"\xc0\xae", ".", "\xe0\x80\xae", ".", "\xf0\x80\x80\xae", ".",
	"\xc0\xaf", "/", "\xe0\x80\xaf", "/", "\xf0\x80\x80\xaf", "/",
	"\xc1\x9c", `\`, "\xe0\x81\x9c", `\`, "\xf0\x80\x81\x9c", `\`,
)

// climbs reports whether an element of s, between slashes or backslashes, is "." or "..".
func climbs(s string) bool {
	for element := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '/' || r == '\\' }) {
		// Some servers drop ";x" before they resolve dots, and what was decoded on the way
		// may end at "?" or "#".
		if end := strings.IndexAny(element, ";?#"); end >= 0 {
			element = element[:end]
		}
		if element == "." || element == ".." {
			return true
		}
	}
	return false
}

// fullyDecoded replaces percent escapes until none is left, those too that a
// replacement made. A % that begins no escape stays.
func fullyDecoded(s string) string {
	var out []byte
	for i := range len(s) {
		out = append(out, s[i])
		for n := len(out); n >= 3 && out[n-3] == '%' && isHex(out[n-2]) && isHex(out[n-1]); n = len(out) {
			out = append(out[:n-3], unhex(out[n-2])<<4|unhex(out[n-1]))
		}
	}
	return string(out)
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	default:
		return c - 'a' + 10
	}
}
