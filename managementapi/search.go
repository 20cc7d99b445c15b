package managementapi

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// How much a word of a query counts, by where an operation has it.
const (
	inSummary = 3
	inPhrases = 2.2
	inPath    = 1.5
	inWords   = 1.2
	inScopes  = 0.5

	// wholePhrase is for a phrase of which the query has each word; unasked is taken off for
	// each word of the summary that the query does not have.
	wholePhrase = 3
	unasked     = 0.25
	inOrder     = 1 // the query is the summary, word by word; and once more letter by letter

	// A query can name a path, or part of one: sameSegment counts each segment from the first on that an operation
	// shares with it, otherSegment is taken off for each of the rest.
	sameSegment, otherSegment, sameMethod = 20, 3, 2
)

// Search returns the operations that a query of everyday words is about, the best first; of equals, in order of their
// names. keep says which may be returned; nil: all. The same query always has the same answer.
func Search(query string, keep func(*Operation) bool) []*Operation {
	return index().search(query, keep)
}

// searchIndex has the words of all operations.
type searchIndex struct {
	entries []searchEntry
	known   map[string]float64 // how much a word says: the rarer, the more
}

type searchEntry struct {
	operation *Operation
	words     map[string]float64
	summary   []string
	phrases   [][]string // the summary is the first
}

var index = sync.OnceValue(newSearchIndex)

func newSearchIndex() *searchIndex {
	x := &searchIndex{known: map[string]float64{}}
	for o := range All() {
		e := searchEntry{operation: o, words: map[string]float64{}, summary: wordsOf(o.Summary)}
		e.add(o.Summary, inSummary)
		e.phrases = append(e.phrases, e.summary)
		for phrase := range strings.SplitSeq(o.Phrases, ",") {
			if words := wordsOf(phrase); len(words) > 0 {
				e.phrases = append(e.phrases, words)
			}
		}
		e.add(o.Phrases, inPhrases)
		e.add(o.Words, inWords)
		e.add(strings.TrimPrefix(o.Path, "/api/v2/"), inPath)
		e.add(strings.Join(o.Scopes, " "), inScopes)
		x.entries = append(x.entries, e)
		for word := range e.words {
			x.known[word]++
		}
	}
	for word, operations := range x.known {
		x.known[word] = math.Log(1 + float64(len(x.entries))/operations)
	}
	return x
}

func (e *searchEntry) add(text string, weight float64) {
	for _, word := range wordsOf(text) {
		e.words[word] = max(e.words[word], weight)
	}
}

func (x *searchIndex) search(query string, keep func(*Operation) bool) []*Operation {
	q := newSearchQuery(query)
	for i, word := range q.words {
		if near := x.near(word); near != word {
			q.words[i], q.asked[near] = near, true
		}
	}
	type hit struct {
		operation *Operation
		score     float64
	}
	var hits []hit
	for i := range x.entries {
		e := &x.entries[i]
		if keep != nil && !keep(e.operation) {
			continue
		}
		if score := x.score(e, q); score > 0 {
			hits = append(hits, hit{e.operation, score})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(b.score, a.score) })
	operations := make([]*Operation, len(hits))
	for i, h := range hits {
		operations[i] = h.operation
	}
	return operations
}

// searchQuery is what is asked for.
type searchQuery struct {
	text   string
	given  []string // its words, in their order
	words  []string // sorted: sums of floats depend on their order
	asked  map[string]bool
	method string
	path   []string // the segments of a path in it
}

func newSearchQuery(query string) searchQuery {
	q := searchQuery{text: strings.TrimSpace(query), asked: map[string]bool{}}
	var words []string
	for field := range strings.FieldsSeq(query) {
		switch {
		case len(q.path) == 0 && strings.Contains(field, "/") && strings.Trim(field, "/") != "":
			q.path = plainSegments(field)
			words = append(words, strings.Join(q.path, " "))
		case slices.Contains([]string{"GET", "POST", "PUT", "PATCH", "DELETE"}, field):
			q.method = field
		default:
			words = append(words, field)
		}
	}
	q.given = wordsOf(strings.Join(words, " "))
	for _, word := range q.given {
		q.asked[word] = true
	}
	q.words = slices.Sorted(maps.Keys(q.asked))
	return q
}

// plainSegments are the segments of a path below /api/v2/, with {} for each parameter.
func plainSegments(path string) []string {
	path = strings.Trim(parameterName.ReplaceAllString(path, "{}"), "/")
	return strings.Split(strings.TrimPrefix(path, "api/v2/"), "/")
}

// leastPrefix is how many characters a misspelt word must share with a known one from the first on.
const leastPrefix = 4

// near returns the word, or in the place of an unknown one the known one with the longest common prefix.
func (x *searchIndex) near(word string) string {
	if x.known[word] > 0 {
		return word
	}
	best, shared := word, leastPrefix-1
	for _, known := range slices.Sorted(maps.Keys(x.known)) {
		if n := commonPrefix(word, known); n > shared {
			best, shared = known, n
		}
	}
	return best
}

func commonPrefix(a, b string) (n int) {
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// alike reports whether two segments of paths are the same but for their last character.
func alike(a, b string) bool {
	return a == b || commonPrefix(a, b) >= max(leastPrefix, len(a)-1, len(b)-1)
}

// score says how well an operation fits a query; 0: not at all.
func (x *searchIndex) score(e *searchEntry, q searchQuery) (score float64) {
	for _, word := range q.words {
		score += x.known[word] * e.words[word]
	}
	if score == 0 {
		return 0
	}
	for _, phrase := range e.phrases {
		if !slices.ContainsFunc(phrase, func(word string) bool { return !q.asked[word] }) {
			for _, word := range phrase {
				score += x.known[word] * wholePhrase
			}
			break
		}
	}
	for _, word := range e.summary {
		if !q.asked[word] {
			score -= unasked
		}
	}
	if slices.Equal(e.summary, q.given) {
		score += inOrder
	}
	if strings.EqualFold(e.operation.Summary, q.text) {
		score += inOrder
	}
	return max(score+e.nearPath(q), math.SmallestNonzeroFloat64)
}

// nearPath says how much of the query's path is the operation's.
func (e *searchEntry) nearPath(q searchQuery) (score float64) {
	if len(q.path) == 0 {
		return 0
	}
	path, same := plainSegments(e.operation.Path), 0
	for same < min(len(path), len(q.path)) && (alike(path[same], q.path[same]) || path[same] == "{}") {
		same++
	}
	if q.method == e.operation.Method {
		score = sameMethod
	}
	return score + float64(same)*sameSegment - float64(len(path)+len(q.path)-2*same)*otherSegment
}

// wordsOf returns the words of a text that say something, in one form for all that mean the same.
func wordsOf(text string) (words []string) {
	for word := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}) {
		word = stem(word)
		if same, ok := strings.CutPrefix(meaning(word), "="); ok {
			word = same
		}
		if word != "" && !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return words
}

// stem cuts off endings, roughly: what matters is that forms of a word become the same.
func stem(word string) string {
	const least = 3
	for _, ending := range []string{"s", "ing", "ed", "e"} {
		if rest, ok := strings.CutSuffix(word, ending); ok && len(rest) >= least && !strings.HasSuffix(word, "ss") {
			word = rest
		}
	}
	return word
}

// meaning returns "=" and another word for the stem of a word of the same meaning, and "=" for one that says nothing.
func meaning(word string) string {
	switch word {
	case "a", "an", "the", "of", "to", "for", "in", "on", "by", "with", "my", "me", "i", "is", "are", "it", "its", "do",
		"how", "can", "and", "or", "at", "be", "that", "which", "this", "was", "doe", "did", "hav", "from", "pleas",
		"want":
		return "="
	case "remov", "eras", "drop", "delet":
		return "=delete"
	case "add", "new", "mak", "make", "creat", "regist", "register":
		return "=create"
	case "chang", "edit", "modify", "updat", "set", "configur":
		return "=update"
	case "show", "view", "read", "get", "see":
		return "=get"
	case "2fa", "multifactor", "mfa":
		return "=mfa"
	case "app", "client", "application":
		return "=application"
	case "org", "organisation", "organization", "company":
		return "=organization"
	case "idp":
		return "=connection"
	case "someon", "person", "people", "account", "user", "customer":
		return "=user"
	case "unlock", "unblock", "unban":
		return "=unblock"
	case "ban", "suspend", "disabl":
		return "=block"
	case "regenerat", "renew":
		return "=rotate"
	case "rotat":
		return "=rotate"
	case "logout", "signout":
		return "=out"
	case "assign", "giv", "grant":
		return "=grant"
	}
	return ""
}
