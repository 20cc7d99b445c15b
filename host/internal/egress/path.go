package egress

import (
	"net/url"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// cleanPath reports whether an escaped path stays below /api/v2/ however often a
// server or a proxy decodes it before it resolves "." and "..". A resource
// server's identifier is a URL in one segment (https%3A%2F%2Fapi…), so an encoded
// slash is allowed; one that makes a ".." element is not.
func cleanPath(path string) bool {
	rest, ok := strings.CutPrefix(path, pluginv1.BasePath)
	if !ok {
		return false
	}
	for segment := range strings.SplitSeq(rest, "/") {
		if segment == "" || !cleanSegment(segment) {
			return false
		}
	}
	return true
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
