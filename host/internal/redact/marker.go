package redact

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"
)

// Marker stands where a secret was, without a fingerprint: the value is not known to be stored at the tenant, or the
// caller supplied it. A tool that changes the tenant must not send it: it would overwrite the secret.
const Marker = "[REDACTED]"

const (
	// MarkerStart begins every marker.
	MarkerStart = markerStart
	markerStart = "[REDACTED"
	// fingerprintBytes is the length of a fingerprint before it is encoded: 40 bits, eight characters.
	fingerprintBytes = 5
	// keyDomain separates fingerprints from whatever else an HMAC is made of with the same key.
	keyDomain = "auth0-mcp/redact/marker/1"
)

// fingerprints writes a fingerprint in lower-case letters and digits, without i, l, o and u, which look like others.
var fingerprints = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// Key makes the fingerprints of an installation. Whoever has it can test whether a marker stands for a value that they
// guess, so it is kept like a secret.
type Key [32]byte

// NewKey makes a random key.
func NewKey() Key {
	var k Key
	_, _ = rand.Read(k[:]) // it never fails: crypto/rand
	return k
}

// Place is where a secret is stored. Equal values in two places have different markers.
type Place struct {
	// Tenant is the tenant's domain in its normal form.
	Tenant string
	// Resource is the canonical path of the object that holds the secret, such as /api/v2/forms/ap_1. An item of a
	// list has its own path, so that a list and a single object yield the same marker.
	Resource string
	// Member is the path of names that leads to it, as in [Secret.Member].
	Member string
}

// Marker is what stands for a value at a place: "[REDACTED:k7q2m9xa]". It is the same in every process that has the
// key.
func (k Key) Marker(p Place, value string) string {
	mac := hmac.New(sha256.New, k[:])
	for _, field := range [...]string{keyDomain, p.Tenant, p.Resource, p.Member, value} {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(field)))
		mac.Write(length[:])
		mac.Write([]byte(field))
	}
	return markerStart + ":" + fingerprints.EncodeToString(mac.Sum(nil)[:fingerprintBytes]) + "]"
}

// Found is a marker in a text.
type Found struct {
	Text       string // the marker itself
	Start, End int    // its bytes
}

// Plain reports whether the marker has no fingerprint, so that nothing can be put in its place.
func (f Found) Plain() bool { return f.Text == Marker }

// Fingerprint is that of a marker: "k7q2m9xa" of "[REDACTED:k7q2m9xa]"; "" if the text is not a marker, or a plain one.
func Fingerprint(marker string) string {
	if !isMarker(marker) || marker == Marker {
		return ""
	}
	return marker[len(markerStart)+1 : len(marker)-1]
}

// FindMarkers returns the markers of a text, plain and with whatever stands where a fingerprint would, in order.
func FindMarkers(text string) (found []Found) {
	for at := 0; ; {
		i := strings.Index(text[at:], markerStart)
		if i < 0 {
			return found
		}
		start := at + i
		at = start + len(markerStart)
		end := at
		if end < len(text) && text[end] == ':' {
			for end++; end < len(text) && (letter(text[end]) || digit(text[end])); {
				end++
			}
		}
		if end < len(text) && text[end] == ']' {
			found = append(found, Found{Text: text[start : end+1], Start: start, End: end + 1})
			at = end + 1
		}
	}
}

// isMarker reports whether a text is a marker and nothing else.
func isMarker(text string) bool {
	if !strings.HasPrefix(text, markerStart) {
		return false
	}
	found := FindMarkers(text)
	return len(found) == 1 && found[0].Text == text
}
