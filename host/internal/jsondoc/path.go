package jsondoc

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Step leads from a JSON value to one directly in it. Make it with [Member] or [Item].
type Step struct {
	name  string
	index int // noIndex for a member
}

const noIndex = -1

// Member is the step to the member of an object with this name.
func Member(name string) Step { return Step{name: name, index: noIndex} }

// Item is the step to the item of an array at this index, counted from 0.
func Item(index int) Step { return Step{index: index} }

// Name is the name of the member that the step leads to; false for an item of an array.
func (s Step) Name() (name string, ok bool) { return s.name, s.index == noIndex }

// Index is the position of the item that the step leads to; false for a member.
func (s Step) Index() (index int, ok bool) { return s.index, s.index != noIndex }

// Path leads from the root of a document to one of its values. The root's path is empty.
type Path []Step

// With returns the path one step further. It shares no memory with p, so that the paths of several children can be made
// from one parent's.
func (p Path) With(s Step) Path {
	return append(p[:len(p):len(p)], s)
}

// Within reports whether p leads to root or to a value inside it.
func (p Path) Within(root Path) bool {
	return len(p) >= len(root) && slices.Equal(p[:len(root)], root)
}

// String is the path in the notation of JavaScript, such as jwt_configuration.alg, callbacks[2] or metadata["a.b"].
// Names that are not plain ASCII words are quoted and shortened as by [Quote]. The root is "".
func (p Path) String() string {
	var b strings.Builder
	for _, s := range p {
		switch {
		case s.index != noIndex:
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		case !isPlain(s.name):
			b.WriteString("[" + Quote(s.name) + "]")
		default:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(s.name)
		}
	}
	return b.String()
}

// Compare orders paths as they stand in a canonical document: a value before what is in it, items by index, members by
// name.
func (p Path) Compare(other Path) int {
	return slices.CompareFunc(p, other, func(a, b Step) int {
		return cmp.Or(cmp.Compare(a.index, b.index), cmp.Compare(a.name, b.name))
	})
}

func isPlain(name string) bool {
	if name == "" || len(name) > MaxQuoted {
		return false
	}
	for i := range len(name) {
		c := name[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && !isDigit(c) && c != '_' && c != '-' && c != '$' {
			return false
		}
	}
	return true
}

// MaxQuoted is how many characters of a foreign text an error repeats.
const MaxQuoted = 40

// Quote quotes at most [MaxQuoted] characters of a foreign text for an error, such as a name in a document. Everything
// that does not print is escaped.
func Quote(text string) string {
	n := 0
	for i := range text {
		if n == MaxQuoted {
			return strconv.Quote(text[:i]) + "…"
		}
		n++
	}
	return strconv.Quote(text)
}
