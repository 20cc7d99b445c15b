package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

var (
	sounds = regexp.MustCompile(`(?i)secret|passw|token|credential|private|ticket|signature|sas_?key|assertion|` +
		`authorization|api_?key|master|_key$|^key$|[a-z]Key$|pem$|otp|hash|bearer|invitation|recovery|` +
		`connection_?string|webhook|^code$|^value$|^location$|cookie`)
	token = regexp.MustCompile(`[A-Za-z0-9_+/=~-]{20,}`)
	digit = regexp.MustCompile(`[0-9]`)
	small = regexp.MustCompile(`[a-z]`)
	large = regexp.MustCompile(`[A-Z]`)
	plain = regexp.MustCompile(`^[\pL\s.,:;!?'"()_/-]*$`)
)

// looksSecret reports whether a value that is shown would make a reader ask: it was hidden by whoever recorded it, its
// name sounds secret and it is more than words, or it is as random as a key.
func looksSecret(name, value string) bool {
	if strings.HasPrefix(value, placeholder) {
		return true
	}
	if len(redact.FindMarkers(value)) > 0 {
		return false
	}
	if sounds.MatchString(name) && value != "" && !plain.MatchString(value) {
		return true
	}
	for _, word := range token.FindAllString(value, -1) {
		if digit.MatchString(word) && small.MatchString(word) && (large.MatchString(word) || len(word) >= 32) {
			return true
		}
	}
	return false
}

const placeholder = "recorded-secret-4711-"

// withValues puts another value in the place of each recorded "[REDACTED]".
func withValues(document []byte) ([]byte, error) {
	var decoded any
	if err := json.Unmarshal(document, &decoded); err != nil {
		return nil, err
	}
	count := 0
	var walk func(any) any
	walk = func(value any) any {
		switch value := value.(type) {
		case map[string]any:
			for name, one := range value {
				value[name] = walk(one)
			}
		case []any:
			for i, one := range value {
				value[i] = walk(one)
			}
		case string:
			if value == redact.Marker {
				count++
				return fmt.Sprintf("%s%06d", placeholder, count)
			}
		}
		return value
	}
	return json.Marshal(walk(decoded))
}
