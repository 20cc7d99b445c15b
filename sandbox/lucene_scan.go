package sandbox

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind int

const (
	tokenEnd tokenKind = iota
	tokenTerm
	tokenPhrase
	tokenRange
	tokenField
	tokenOpen
	tokenClose
	tokenAnd
	tokenOr
	tokenNot
	tokenPlus
)

// wildcard stands for an unescaped star inside a token's text, where a plain star
// is an escaped one. The character is a noncharacter that no text may contain.
const wildcard = "\uFDD0"

type queryToken struct {
	kind   tokenKind
	offset int
	// text is the token with its escapes resolved; raw is as it was written.
	text, raw string
	wild      bool
	// Bounds of a range; wildcard means unbounded.
	low, high         string
	openLow, openHigh bool
}

func (t queryToken) String() string {
	switch t.kind {
	case tokenEnd:
		return "end of query"
	case tokenOpen:
		return "opening parenthesis"
	case tokenClose:
		return "closing parenthesis"
	default:
		return fmt.Sprintf("%q", t.raw)
	}
}

// scanner cuts a query into tokens.
type scanner struct {
	text   string
	at     int
	tokens []queryToken
}

func scanQuery(text string) ([]queryToken, error) {
	if !utf8.ValidString(text) {
		return nil, &querySyntaxError{0, "query is not valid UTF-8"}
	}
	if at := strings.Index(text, wildcard); at >= 0 {
		return nil, &querySyntaxError{at, "query holds a noncharacter"}
	}
	s := &scanner{text: text}
	for s.at < len(s.text) {
		if err := s.scan(); err != nil {
			return nil, err
		}
	}
	return s.tokens, nil
}

func (s *scanner) add(kind tokenKind, width int) {
	s.tokens = append(s.tokens, queryToken{kind: kind, offset: s.at, raw: s.text[s.at : s.at+width]})
	s.at += width
}

func (s *scanner) scan() error {
	rest := s.text[s.at:]
	first, width := utf8.DecodeRuneInString(rest)
	switch {
	case unicode.IsSpace(first):
		s.at += width
	case strings.HasPrefix(rest, "&&"):
		s.add(tokenAnd, 2)
	case strings.HasPrefix(rest, "||"):
		s.add(tokenOr, 2)
	case first == '!', first == '-':
		s.add(tokenNot, 1)
	case first == '+':
		s.add(tokenPlus, 1)
	case first == '(':
		s.add(tokenOpen, 1)
	case first == ')':
		s.add(tokenClose, 1)
	case first == '"':
		return s.phrase()
	case first == '[', first == '{':
		return s.span()
	case first == '/':
		return &querySyntaxError{s.at, "regular expressions are not supported"}
	case strings.ContainsRune(`]}^:~&|`, first):
		return &querySyntaxError{s.at, fmt.Sprintf("unexpected %q", first)}
	default:
		return s.word()
	}
	return nil
}

// phrase reads a quoted text.
func (s *scanner) phrase() error {
	start := s.at
	var out strings.Builder
	for at := start + 1; at < len(s.text); at++ {
		switch s.text[at] {
		case '\\':
			at++
			if at == len(s.text) {
				return &querySyntaxError{start, "quote is never closed"}
			}
			out.WriteByte(s.text[at])
		case '"':
			s.at = at + 1
			s.tokens = append(s.tokens, queryToken{kind: tokenPhrase, offset: start, text: out.String(),
				raw: s.text[start:s.at]})
			return s.suffix()
		default:
			out.WriteByte(s.text[at])
		}
	}
	return &querySyntaxError{start, "quote is never closed"}
}

// word reads a bare term, a field name with its colon, or an operator.
func (s *scanner) word() error {
	start := s.at
	token := queryToken{kind: tokenTerm, offset: start}
	var out strings.Builder
	at := start
loop:
	for at < len(s.text) {
		char, width := utf8.DecodeRuneInString(s.text[at:])
		switch {
		case char == '\\':
			at++
			if at == len(s.text) {
				return &querySyntaxError{start, "backslash at the end"}
			}
			char, width = utf8.DecodeRuneInString(s.text[at:])
			out.WriteRune(char)
		case char == '*':
			token.wild = true
			out.WriteString(wildcard)
		case char == '?':
			return &querySyntaxError{at, "the wildcard ? is not supported"}
		case char == ':', unicode.IsSpace(char), strings.ContainsRune(`()[]{}"^~`, char):
			break loop
		default:
			out.WriteRune(char)
		}
		at += width
	}
	token.text, token.raw = out.String(), s.text[start:at]
	s.at = at
	switch token.raw {
	case "AND":
		token.kind = tokenAnd
	case "OR":
		token.kind = tokenOr
	case "NOT":
		token.kind = tokenNot
	}
	if at < len(s.text) && s.text[at] == ':' {
		if token.kind != tokenTerm {
			return &querySyntaxError{start, fmt.Sprintf("%s is not a field", token.raw)}
		}
		token.kind = tokenField
		token.text = strings.ReplaceAll(token.text, wildcard, "*")
		s.at++
		s.tokens = append(s.tokens, token)
		return s.comparison()
	}
	s.tokens = append(s.tokens, token)
	return s.suffix()
}

// comparison reads the short ranges >a, >=a, <a and <=a after a field.
func (s *scanner) comparison() error {
	rest := s.text[s.at:]
	if rest == "" || (rest[0] != '<' && rest[0] != '>') {
		return nil
	}
	start := s.at
	above := rest[0] == '>'
	open := true
	s.at++
	if strings.HasPrefix(s.text[s.at:], "=") {
		open = false
		s.at++
	}
	end := s.at
	for end < len(s.text) && !strings.ContainsRune(" \t\r\n()[]{}\"", rune(s.text[end])) {
		end++
	}
	if end == s.at {
		return &querySyntaxError{start, "comparison without a value"}
	}
	token := queryToken{kind: tokenRange, offset: start, raw: s.text[start:end], low: wildcard, high: wildcard}
	bound := unescape(s.text[s.at:end])
	if above {
		token.low, token.openLow = bound, open
	} else {
		token.high, token.openHigh = bound, open
	}
	s.at = end
	s.tokens = append(s.tokens, token)
	return nil
}

// span reads a range such as [a TO b} .
func (s *scanner) span() error {
	start := s.at
	end := strings.IndexAny(s.text[start:], "]}")
	if end < 0 {
		return &querySyntaxError{start, "range is never closed"}
	}
	end += start
	token := queryToken{
		kind: tokenRange, offset: start, raw: s.text[start : end+1],
		openLow: s.text[start] == '{', openHigh: s.text[end] == '}',
	}
	bounds := strings.Fields(s.text[start+1 : end])
	if len(bounds) != 3 || bounds[1] != "TO" {
		return &querySyntaxError{start, "a range is written [low TO high]"}
	}
	token.low, token.high = rangeBound(bounds[0]), rangeBound(bounds[2])
	s.at = end + 1
	s.tokens = append(s.tokens, token)
	return s.suffix()
}

func rangeBound(text string) string {
	if text == "*" {
		return wildcard
	}
	return unescape(strings.Trim(text, `"`))
}

// suffix reads a boost or a fuzziness, which change no outcome here: boosts only
// rank, and log fields match whole or not at all.
func (s *scanner) suffix() error {
	for s.at < len(s.text) && (s.text[s.at] == '^' || s.text[s.at] == '~') {
		mark := s.text[s.at]
		start := s.at
		s.at++
		digits := s.at
		for s.at < len(s.text) && (s.text[s.at] >= '0' && s.text[s.at] <= '9' || s.text[s.at] == '.') {
			s.at++
		}
		if mark == '^' && s.at == digits {
			return &querySyntaxError{start, "boost without a number"}
		}
	}
	return nil
}

func unescape(text string) string {
	var out strings.Builder
	for at := 0; at < len(text); at++ {
		if text[at] == '\\' && at+1 < len(text) {
			at++
		}
		out.WriteByte(text[at])
	}
	return out.String()
}
