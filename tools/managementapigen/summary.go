package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// noun is what the segments of a path are called.
type noun struct {
	one, many string // many: "" if there is no list of it
	linked    bool   // its items exist elsewhere
	words     string
}

// summaryRow is a row of summaries.txt.
type summaryRow struct{ summary, phrases string }

// readNouns reads nouns.txt.
func readNouns() (map[string]noun, error) {
	nouns := map[string]noun{}
	for number, line := range lines("nouns.txt") {
		rest, linked := strings.CutPrefix(line, "~ ")
		key, rest, ok := strings.Cut(rest, " = ")
		name, words, hasWords := strings.Cut(rest, ":")
		if !ok || !hasWords || nouns[key].one != "" {
			return nil, fmt.Errorf(`nouns.txt:%d: want "SEGMENT = singular, plural: words", once`, number)
		}
		one, many, _ := strings.Cut(name, ", ")
		nouns[key] = noun{one, many, linked, strings.TrimSpace(words)}
	}
	return nouns, nil
}

// readSummaries reads summaries.txt.
func readSummaries() (map[string]summaryRow, error) {
	rows := map[string]summaryRow{}
	for number, line := range lines("summaries.txt") {
		name, rest, ok := strings.Cut(line, ":")
		if _, twice := rows[name]; !ok || twice {
			return nil, fmt.Errorf(`summaries.txt:%d: want "METHOD PATH: summary | phrases", once`, number)
		}
		summary, phrases, _ := strings.Cut(rest, "|")
		rows[name] = summaryRow{strings.TrimSpace(summary), strings.TrimSpace(phrases)}
	}
	return rows, nil
}

// summarize sets what is said of an operation, and the words by which it is found.
func (a *assembler) summarize(o *managementapi.Operation) {
	row := a.tables.summaries[o.Name()]
	delete(a.tables.summaries, o.Name())
	segments := strings.Split(strings.TrimPrefix(parameterName.ReplaceAllString(o.Path, "{}"), "/api/v2/"), "/")
	var owners []string
	var words []string
	for i, segment := range segments {
		n, ok := a.noun(segments[:i+1])
		if !ok || segment == "{}" {
			continue
		}
		words = append(words, n.words)
		if i+1 < len(segments)-1 && segments[i+1] == "{}" {
			owners = append(owners, article(n.one))
		}
	}
	o.Summary, o.Phrases = row.summary, row.phrases
	o.Words = strings.Join(words, " ")
	if o.Summary != "" {
		return
	}
	item := segments[len(segments)-1] == "{}"
	if item {
		segments = segments[:len(segments)-1]
	}
	n, ok := a.noun(segments)
	if !ok {
		a.fail("nouns.txt does not say what %s is, and summaries.txt has no summary of it", o.Name())
		return
	}
	slices.Reverse(owners)
	o.Summary = sentence(o.Method, n, owners, item)
}

// noun returns what a path's end is called: by the longest row.
func (a *assembler) noun(segments []string) (noun, bool) {
	for i := range segments {
		if n, ok := a.tables.nouns[strings.Join(segments[i:], "/")]; ok {
			return n, true
		}
	}
	return noun{}, false
}

// sentence says what an operation does to what a noun names. item: to one of a list.
func sentence(method string, n noun, owners []string, item bool) string {
	of := func(preposition string) string {
		if len(owners) == 0 {
			return ""
		}
		return " " + preposition + " " + strings.Join(owners, " of ")
	}
	verb := map[string]string{
		"GET": "Get", "PATCH": "Update", "PUT": "Replace", "DELETE": "Delete", "POST": "Create",
	}[method]
	switch {
	case item && n.linked && len(owners) > 0 && method == "DELETE":
		return "Remove " + article(n.one) + of("from")
	case item:
		return verb + " " + article(n.one) + of("of")
	case n.many == "":
		return verb + " the " + n.one + of("of")
	case method == "GET":
		return "List " + n.many + of("of")
	case method == "POST" && n.linked && len(owners) > 0:
		return "Add " + n.many + of("to")
	case method == "POST":
		return verb + " " + article(n.one) + of("of")
	case method == "DELETE" && n.linked && len(owners) > 0:
		return "Remove " + n.many + of("from")
	case method == "DELETE":
		return "Delete all " + n.many + of("of")
	}
	return verb + " the " + n.many + of("of")
}

// article puts "a" or "an" before a noun, by its sound.
func article(name string) string {
	lower := strings.ToLower(name)
	first, _ := firstWord(name)
	spelled := first == strings.ToUpper(first) && strings.ContainsRune("AEFHILMNORSX", rune(first[0])) // MFA, SSO
	if spelled && first != "SCIM" || !spelled && strings.ContainsRune("aeio", rune(lower[0])) ||
		strings.HasPrefix(lower, "un") && !strings.HasPrefix(lower, "univ") {
		return "an " + name
	}
	return "a " + name
}

func firstWord(text string) (first, rest string) {
	at := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsLetter(r) })
	if at <= 0 {
		return text, ""
	}
	return text[:at], text[at:]
}
