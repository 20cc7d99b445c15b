package pluginv1

import (
	"net/url"
	"strings"
)

// CleanPath reports whether an escaped path stays below /api/v2/ however often a
// server or a proxy decodes it before it resolves "." and "..". A resource
// server's identifier is a URL in one segment (https%3A%2F%2Fapi…), so an encoded
// slash is allowed; one that makes a ".." element is not, nor is what a server
// that decodes twice would take for the end of the path: what is called by such a
// name is found by a list's filter. A character that a path cannot hold must be
// escaped.
func CleanPath(path string) bool {
	rest, ok := strings.CutPrefix(path, BasePath)
	if !ok || !sentAsIs(path) {
		return false
	}
	for segment := range strings.SplitSeq(rest, "/") {
		if segment == "" || !cleanSegment(segment) {
			return false
		}
	}
	return true
}

// sentAsIs reports whether an HTTP client sends the path as it is written. One with
// a character that must be escaped and is not is decoded and escaped anew, and an
// encoded slash beside it arrives as a slash: another path than was checked.
func sentAsIs(path string) bool {
	decoded, err := url.PathUnescape(path)
	return err == nil && (&url.URL{Path: decoded, RawPath: path}).EscapedPath() == path
}

func cleanSegment(segment string) bool {
	for {
		for element := range strings.SplitSeq(segment, "/") {
			if element == "." || element == ".." {
				return false
			}
		}
		if strings.ContainsFunc(segment, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' || r == '?' || r == '#' || r == ';' }) {
			return false
		}
		decoded, err := url.PathUnescape(segment)
		if err != nil {
			return false
		}
		if decoded == segment {
			return true
		}
		segment = decoded
	}
}
